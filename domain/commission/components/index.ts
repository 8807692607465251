// Registry of the kinds of components: a kind of `Component` that is missing here does not compile.
import type { Component } from '../../types.ts';
import type { Fields, WireCap, WireOf, WireTiers } from '../component-form.ts';
import type { ComponentKind } from '../component-kind.ts';
import type { EventType } from '../../types.ts';
import { cpa } from './cpa.ts';
import { payout } from './payout.ts';
import { percent } from './percent.ts';
import { perLot } from './per-lot.ts';
import { revshare } from './revshare.ts';

type Kind = Component['kind'];

const KINDS = { cpa, percent, revshare, per_lot: perLot, payout } as const satisfies {
  [K in Kind]: ComponentKind<K>;
};
type Kinds = typeof KINDS;

const BY_NAME: Readonly<Record<Kind, ComponentKind>> = KINDS;

export const ALL_KINDS: readonly ComponentKind[] = Object.values(BY_NAME);

/** The rules of a component. */
export function kindOf({ kind }: Pick<Component, 'kind'>): ComponentKind {
  return BY_NAME[kind];
}

/** Kinds that deals list. */
export type WireKind = { [K in Kind]: Kinds[K]['form'] extends null ? never : K }[Kind];
export const WIRE_KINDS = ALL_KINDS.filter(({ form }) => form !== null).map(({ kind }) => kind) as WireKind[];

/** A component whose negative months may lower the following ones. */
export type ChainedComponent = Component & {
  kind: { [K in Kind]: Kinds[K]['isChained'] extends true ? K : never }[Kind];
};
export function isChained(component: Component): component is ChainedComponent {
  return kindOf(component).isChained;
}

type FormOf<K extends WireKind> = Exclude<Kinds[K]['form'], null>;
type Intersection<U> = (U extends unknown ? (of: U) => void : never) extends (of: infer I) => void
  ? I
  : never;
type WireFields = Intersection<{ [K in WireKind]: WireOf<FormOf<K>['fields']> }[WireKind]>;

/** The fields of all kinds on the wire, beside those that components of every kind have. */
export const WIRE_FIELDS: Fields = Object.assign({}, ...ALL_KINDS.map(({ form }) => form?.fields));

/** One component as callers write it: decimal text, percents. */
export type WireComponent = {
  kind: WireKind;
  on?: EventType | EventType[] | undefined;
  tiers?: WireTiers | undefined;
  cap?: WireCap | undefined;
} & WireFields;
