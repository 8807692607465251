// A whole history at its end, as data: what an operator agreed, what it was told, and what people
// decided since. Values are in their wire forms: decimal strings, RFC 3339 times, terms as they
// were sent. Names stand for ids.

/** A fact that holds from a date on; `null` is the beginning of time. */
export interface Dated<T> {
  readonly value: T;
  readonly since: string | null;
}

export interface Step {
  readonly from: string;
  readonly percent?: string;
  readonly amount?: string;
}

export interface Tiers {
  readonly metric: 'revenue' | 'volume' | 'ftd_count';
  readonly mode: 'marginal' | 'retroactive';
  readonly period?: 'month';
  readonly steps: readonly Step[];
}

export interface Component {
  readonly kind: 'cpa' | 'percent' | 'revshare' | 'per_lot';
  readonly on?: string | readonly string[];
  readonly amount?: string;
  readonly percent?: string;
  readonly min_amount?: string;
  readonly min_volume?: string;
  readonly qualify?: 'first' | 'cumulative';
  readonly within_days?: number;
  readonly negative?: 'reset' | 'carry';
  readonly carry_by?: 'ngr' | 'commission';
  readonly tiers?: Tiers;
  readonly cap?: { readonly count?: number; readonly amount?: string };
  readonly symbol_group?: string;
  readonly symbols?: readonly string[];
}

export type Policy = 'full' | 'proportional' | 'none';
export type Rounding = 'half_even' | 'half_up' | 'down';

export interface Terms {
  readonly currency?: string;
  readonly components: readonly Component[];
  readonly hold_days?: number;
  readonly rounding?: Rounding;
  readonly clawback?: { readonly days?: number } & Partial<Record<ReversalType, Policy>>;
  readonly tiers?: Tiers;
  readonly payout?: 'ignore' | 'accept' | 'require';
  readonly overrides?: readonly { readonly percent: string }[];
}

export interface Version {
  readonly terms: Terms;
  /** `null` holds from the beginning, as a deal's first version does. */
  readonly effective_from: string | null;
  readonly applies_to?: 'events' | 'new_customers';
}

export interface Deal {
  readonly id: string;
  /** None: the operator's default deal. */
  readonly affiliate?: string;
  readonly versions: readonly Version[];
  readonly ended_at?: string;
}

export interface Affiliate {
  readonly id: string;
  readonly external_id?: string;
  readonly parents: readonly Dated<string | null>[];
  readonly state: 'active' | 'suspended' | 'closed';
  readonly closed_at?: string;
}

export interface Click {
  readonly id: string;
  readonly affiliate: string;
  readonly clicked_at: string;
}

export interface Coupon {
  readonly code: string;
  readonly affiliate: string;
  readonly binds_customer?: boolean;
  readonly starts_at?: string;
  readonly ends_at?: string;
}

/** Of several rates for one pair and `as_of` only the last, which replaced the others. */
export interface Rate {
  readonly base: string;
  readonly quote: string;
  readonly rate: string;
  readonly as_of: string;
}

export const REVERSALS = ['chargeback', 'refund', 'bonus_abuse', 'fraud', 'account_closure'] as const;
export type ReversalType = (typeof REVERSALS)[number];

/** An event with the values that its last amendment gave it, and what people decided about it. */
export interface WorldEvent {
  readonly id: string;
  readonly event: string;
  readonly occurred_at: string;
  readonly transaction_id?: string;
  readonly click_id?: string;
  readonly customer_id?: string;
  readonly amount?: string;
  readonly currency?: string;
  readonly volume?: string;
  readonly payout?: string;
  readonly payout_currency?: string;
  readonly reference?: string;
  readonly reference_event?: string;
  readonly coupon?: string;
  readonly symbol?: string;
  readonly symbol_group?: string;
  readonly voided?: boolean;
  readonly rejected?: boolean;
}

/** A person gave an orphan to an affiliate. */
export interface Assignment {
  readonly event: string;
  readonly affiliate: string;
  readonly from?: string;
}

/** A person moved a customer from a date on. */
export interface Reassignment {
  readonly customer: string;
  readonly affiliate: string;
  readonly from: string;
}

export interface World {
  readonly operator: {
    readonly currency: string;
    readonly zones: readonly Dated<string>[];
    readonly click_window_days: number;
    readonly existing_customers: 'bind' | 'ignore';
  };
  /** Currencies that the operator added, with their decimals. */
  readonly currencies: Readonly<Record<string, number>>;
  readonly affiliates: readonly Affiliate[];
  readonly deals: readonly Deal[];
  readonly clicks: readonly Click[];
  readonly coupons: readonly Coupon[];
  readonly rates: readonly Rate[];
  /** In order of arrival. */
  readonly events: readonly WorldEvent[];
  readonly assignments: readonly Assignment[];
  readonly reassignments: readonly Reassignment[];
}

export interface EventOutcome {
  readonly status: 'settled' | 'orphaned' | 'rejected' | 'set_aside' | 'voided';
  /** Undefined where the rules name none: then it is not compared. */
  readonly reason?: string;
  readonly affiliate?: string;
  readonly method?: string;
}

export interface Commission {
  readonly affiliate: string;
  readonly kind: 'cpa' | 'percent' | 'payout' | 'revshare' | 'per_lot' | 'override';
  readonly label: string;
  readonly deal: string;
  readonly currency: string;
  readonly amount: bigint;
  /** The conversion that earned a single commission; monthly ones have a month instead. */
  readonly event?: string;
  readonly month?: string;
  readonly customer?: string;
  /** Of an override: the affiliate whose commission it is a percent of. */
  readonly via?: string;
}

export interface Expected {
  readonly totals: ReadonlyMap<string, ReadonlyMap<string, bigint>>;
  readonly events: ReadonlyMap<string, EventOutcome>;
  readonly commissions: readonly Commission[];
}
