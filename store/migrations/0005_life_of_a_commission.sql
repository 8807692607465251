-- The life of a commission after it is booked: holds that end, decisions by people, payouts, adjustments by hand.

-- A manual adjustment is a slot of its own, so that sums over slots still tie. It belongs to no deal, and one against the affiliate owes
-- without having been given anything.
alter table slots
  alter column deal_id drop not null,
  alter column deal_version drop not null,
  add column rejected_at timestamptz,
  drop constraint slots_kind_check,
  add constraint slots_kind_check check (kind in ('cpa', 'percent', 'revshare', 'per_lot', 'manual')),
  add constraint of_a_deal_or_manual check ((kind = 'manual') = (deal_id is null) and (deal_id is null) = (deal_version is null)),
  drop constraint never_more_back_than_given,
  add constraint never_more_back_than_given check (kind = 'manual' or void_minor + clawed_minor + debt_minor <= gross_minor);
comment on column slots.rejected_at is 'when somebody rejected it (commission_decisions says who and why): its target is zero for good';

-- Partial, so that what has gone its way costs nothing: what waits for its hold to end, and what waits to be paid.
create index slots_held on slots (operator_id, hold_until) where pending_minor > 0;
create index slots_payable on slots (operator_id, affiliate_id, currency) where payable_minor > 0;
-- The empty text keeps look-ups by id away: PostgreSQL 18 would answer them from here, skipping from affiliate to affiliate.
create index slots_affiliate on slots (operator_id, affiliate_id, (id || ''));

create table commission_decisions (
  operator_id text collate "C" not null,
  id text collate "C" not null,
  slot_id text collate "C" not null,
  decision text not null check (decision in ('approved', 'rejected')),
  amount_minor bigint not null check (amount_minor >= 0),
  actor text not null,
  reason text,
  decided_at timestamptz not null,
  primary key (operator_id, id),
  foreign key (operator_id, slot_id) references slots (operator_id, id),
  check (decision = 'approved' or reason is not null)
);
create index commission_decisions_slot on commission_decisions (operator_id, slot_id);
create unique index commission_decisions_one_rejection on commission_decisions (operator_id, slot_id) where decision = 'rejected';
comment on column commission_decisions.amount_minor is 'what was made payable, or taken back';
comment on column commission_decisions.actor is 'id of the API key';

create table payouts (
  operator_id text collate "C" not null,
  id text collate "C" not null,
  affiliate_id text collate "C" not null,
  currency text not null,
  amount_minor bigint not null check (amount_minor > 0),
  recovered_minor bigint not null check (recovered_minor >= 0),
  minimum_minor bigint check (minimum_minor >= 0),
  state text not null default 'reserved' check (state in ('reserved', 'paid', 'failed', 'returned')),
  external_reference text collate "C",
  idempotency_key text collate "C",
  created_at timestamptz not null,
  primary key (operator_id, id),
  unique (operator_id, idempotency_key),
  unique (operator_id, external_reference),
  foreign key (operator_id, affiliate_id) references affiliates (operator_id, id),
  constraint at_least_the_minimum check (amount_minor >= minimum_minor)
);
create index payouts_affiliate on payouts (operator_id, affiliate_id, id);
comment on column payouts.recovered_minor is 'debt that was recovered from what was payable before this amount was reserved';

create table payout_states (
  operator_id text collate "C" not null,
  payout_id text collate "C" not null,
  state text not null check (state in ('reserved', 'paid', 'failed', 'returned')),
  actor text not null,
  reason text,
  at timestamptz not null,
  primary key (operator_id, payout_id, state),
  foreign key (operator_id, payout_id) references payouts (operator_id, id)
);
comment on table payout_states is 'a payout passes each state at most once: one confirmation per payout';

alter table transfers add column payout_id text collate "C";
create index transfers_payout on transfers (operator_id, payout_id, id) where payout_id is not null;

comment on column deliveries.original_event_id is
  'what it speaks of: the conversion, or the commission or payout where there is none. To one endpoint such postbacks go in order';

create trigger append_only before update or delete on commission_decisions for each row execute function refuse_change();
create trigger append_only_whole before truncate on commission_decisions for each statement execute function refuse_change();
create trigger append_only before update or delete on payout_states for each row execute function refuse_change();
create trigger append_only_whole before truncate on payout_states for each statement execute function refuse_change();

select estimate_tenants_alike(name) from unnest(array['commission_decisions', 'payouts', 'payout_states']) as name;
