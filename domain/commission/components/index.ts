// Registry of component kinds: a kind of `Component` that is missing here does not compile.
import type { Component, EventType } from '../../types.ts';
import type { Fields, WireCap, WireOf, WireTiers } from '../component-form.ts';
import type { ComponentKind } from '../component-kind.ts';
import { cpa } from './cpa.ts';
import { payout } from './payout.ts';
import { percent } from './percent.ts';
import { perLot } from './per-lot.ts';
import { revshare } from './revshare.ts';

const KINDS = { cpa, percent, revshare, per_lot: perLot, payout } as const satisfies {
  [K in Component['kind']]: ComponentKind<K>;
};

type Kinds = typeof KINDS;
type Kind = keyof Kinds;

const BY_NAME: Readonly<Record<Kind, ComponentKind>> = KINDS;

export const ALL_KINDS: readonly ComponentKind[] = Object.values(BY_NAME);

/** Rules of the component's kind. */
export function kindOf({ kind }: Pick<Component, 'kind'>): ComponentKind {
  return BY_NAME[kind];
}

type CarryoverKind = { [K in Kind]: Kinds[K]['supportsCarryover'] extends true ? K : never }[Kind];

/** A component with `negative` and `carryBy`, which carry losses into later months. */
export type CarryoverComponent = Component & { kind: CarryoverKind };

export function supportsCarryover(component: Component): component is CarryoverComponent {
  return kindOf(component).supportsCarryover;
}

/** Kinds that a deal's `components` may list. */
type WireKind = { [K in Kind]: Kinds[K]['form'] extends null ? never : K }[Kind];
export const WIRE_KINDS = ALL_KINDS.filter(({ form }) => form !== null).map(({ kind }) => kind) as WireKind[];

/** Wire fields of all kinds together, without the fields that every component has. */
export const WIRE_FIELDS: Fields = Object.assign({}, ...ALL_KINDS.map(({ form }) => form?.fields));

type FieldsOf<K extends WireKind> = WireOf<Exclude<Kinds[K]['form'], null>['fields']>;
type Intersection<U> = (U extends unknown ? (of: U) => void : never) extends (of: infer I) => void
  ? I
  : never;

/** Wire form of one component: decimal text and percents. */
export type WireComponent = {
  kind: WireKind;
  on?: EventType | EventType[] | undefined;
  tiers?: WireTiers | undefined;
  cap?: WireCap | undefined;
} & Intersection<{ [K in WireKind]: FieldsOf<K> }[WireKind]>;
