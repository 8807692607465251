-- Slots that move one another (tiers, caps, negative months that are carried, parents' parts), and amounts in another currency than the deal's.

alter table slots drop constraint slots_kind_check;
alter table slots add constraint slots_kind_check
  check (kind in ('cpa', 'percent', 'payout', 'revshare', 'per_lot', 'month', 'override', 'manual'));
alter table slots
  add column ftd_count int not null default 0,
  add column source_id text collate "C",
  add column level int check (level between 1 and 5),
  add constraint part_of_a_slot check ((kind = 'override') = (source_id is not null) and (source_id is null) = (level is null));
comment on column slots.kind is 'a component''s kind; month: counts what tiers go by and earns nothing; override: a parent''s part of another slot';
comment on column slots.period is 'the month of its sums, or the month in which caps and tiers rank it';
comment on column slots.source_id is 'the slot of which a parent is paid a part; level 1 is the parent next to its affiliate';
create index slots_of_month on slots (operator_id, affiliate_id, deal_id, period) where period is not null;
create index slots_source on slots (operator_id, source_id) where source_id is not null;

alter table slot_facts
  add column basis_minor bigint not null,
  add column fx_rate_id text collate "C",
  add column fx_rate numeric(24, 12),
  add constraint rate_and_its_source check ((fx_rate_id is null) = (fx_rate is null));
comment on column slot_facts.amount_minor is 'in the currency of the conversion, which refunds are measured against';
comment on column slot_facts.basis_minor is 'what a conversion is worth in the deal''s currency, by the rate that is stored beside it';

create table fx_rates (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  base text not null,
  quote text not null,
  rate numeric(24, 12) not null check (rate > 0),
  source text not null,
  as_of timestamptz not null,
  actor text not null,
  created_at timestamptz not null default now(),
  primary key (operator_id, id),
  unique (operator_id, base, quote, as_of, source),
  check (base <> quote)
);
comment on table fx_rates is 'one unit of base is so many of quote from as_of on; stored rates rule history, so none is ever edited';
create trigger append_only before update or delete on fx_rates for each row execute function refuse_change();
create trigger append_only_whole before truncate on fx_rates for each statement execute function refuse_change();

create table told_to_parents (
  operator_id text collate "C" not null,
  event_id text collate "C" not null,
  affiliate_id text collate "C" not null,
  payout_minor bigint not null,
  payout_currency text not null,
  primary key (operator_id, event_id, affiliate_id)
);
comment on table told_to_parents is 'the sum told to a parent for a conversion so far; what its own affiliate was told is with its outcome';

-- An operator's own webhook hears of a conversion once for each affiliate who is paid for it.
drop index deliveries_conversion;
create unique index deliveries_conversion on deliveries (operator_id, original_event_id, endpoint_id, event_id, type, affiliate_id);

select estimate_tenants_alike(name) from unnest(array['fx_rates', 'told_to_parents']) as name;
