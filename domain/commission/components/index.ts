// Registry of the kinds of components: a kind of `Component` that is missing here does not compile.
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

/** The rules of a component. */
export function kindOf({ kind }: Pick<Component, 'kind'>): ComponentKind {
  return BY_NAME[kind];
}

type ChainedKind = { [K in Kind]: Kinds[K]['isChained'] extends true ? K : never }[Kind];

/** A component whose negative months may lower the following ones. */
export type ChainedComponent = Component & { kind: ChainedKind };

export function isChained(component: Component): component is ChainedComponent {
  return kindOf(component).isChained;
}

/** The kinds that deals list. */
export type WireKind = { [K in Kind]: Kinds[K]['form'] extends null ? never : K }[Kind];
export const WIRE_KINDS = ALL_KINDS.filter(({ form }) => form !== null).map(({ kind }) => kind) as WireKind[];

/** The fields of all kinds together, without those that components of every kind have. */
export const WIRE_FIELDS: Fields = Object.assign({}, ...ALL_KINDS.map(({ form }) => form?.fields));

type FieldsOf<K extends WireKind> = WireOf<Exclude<Kinds[K]['form'], null>['fields']>;
type Intersection<U> = (U extends unknown ? (of: U) => void : never) extends (of: infer I) => void
  ? I
  : never;

/** One component as callers write it: decimal text, percents. */
export type WireComponent = {
  kind: WireKind;
  on?: EventType | EventType[] | undefined;
  tiers?: WireTiers | undefined;
  cap?: WireCap | undefined;
} & Intersection<{ [K in WireKind]: FieldsOf<K> }[WireKind]>;
