-- What happened: clicks, conversion events as sent, whose customer somebody is, and what became of each event.

-- The bound of the ids made at or after a moment: ids start with their prefix and 48 bits of milliseconds in Crockford's base 32 (ids.ts).
create function id_bound(prefix text, moment timestamptz) returns text language plpgsql immutable as $$
declare
  rest bigint := (extract(epoch from moment) * 1000)::bigint;
  digits text := '';
begin
  for i in 1..10 loop
    digits := substr('0123456789abcdefghjkmnpqrstvwxyz', (rest & 31)::int + 1, 1) || digits;
    rest := rest >> 5;
  end loop;
  return prefix || '_' || digits;
end $$;

-- Makes the monthly partitions of a table from last month to some months ahead; what is there already stays.
create function ensure_partitions(parent text, prefix text, months_ahead int default 3) returns void language plpgsql as $$
declare
  month timestamptz;
  name text;
begin
  for i in -1..months_ahead loop
    month := (date_trunc('month', now() at time zone 'UTC') + make_interval(months => i)) at time zone 'UTC';
    name := parent || '_' || to_char(month at time zone 'UTC', 'YYYY_MM');
    if to_regclass(name) is null then
      execute format('create table %I partition of %I for values from (%L) to (%L)', name, parent,
        id_bound(prefix, month), id_bound(prefix, (month at time zone 'UTC' + interval '1 month') at time zone 'UTC'));
      perform estimate_tenants_alike(name);
    end if;
  end loop;
end $$;

create table clicks (
  operator_id text collate "C" not null,
  id text collate "C" not null,
  link_id text collate "C",
  affiliate_id text collate "C" not null,
  sub1 text, sub2 text, sub3 text, sub4 text, sub5 text,
  clicked_at timestamptz not null,
  received_at timestamptz not null default now(),
  primary key (operator_id, id)
) partition by range (id);
create table clicks_other partition of clicks default;
select ensure_partitions('clicks', 'clk');

create table events (
  operator_id text collate "C" not null,
  id text collate "C" not null,
  type text not null,
  key_kind text not null check (key_kind in ('transaction', 'customer', 'click', 'content', 'each')),
  key text collate "C" not null,
  content_hash bytea not null,
  transaction_id text,
  click_id text collate "C",
  customer_id text collate "C",
  subject text collate "C" generated always as (coalesce('customer ' || customer_id, 'click ' || click_id)) stored,
  amount_minor bigint,
  currency text,
  volume_e4 bigint,
  reference text collate "C",
  reference_type text,
  payout_minor bigint,
  sub1 text, sub2 text, sub3 text, sub4 text, sub5 text,
  coupon text,
  metadata json,
  occurred_at timestamptz not null,
  received_at timestamptz not null,
  primary key (operator_id, id),
  unique (operator_id, key, type, key_kind)
);
comment on column events.subject is 'whose event this is: the customer, or the click where no customer is named';
create index events_subject on events (operator_id, subject, occurred_at);
create index events_reference on events (operator_id, reference) where reference is not null;
create index events_against_subject on events (operator_id, subject)
  where reference is null and type in ('chargeback', 'refund', 'bonus_abuse', 'fraud', 'account_closure');
create index events_received on events (received_at);

create table event_conflicts (
  operator_id text collate "C" not null,
  id text collate "C" not null,
  event_id text collate "C" not null,
  content_hash bytea not null,
  sent json not null,
  seen_at timestamptz not null default now(),
  primary key (operator_id, id)
);
comment on table event_conflicts is 'the same key with other content: kept for inspection, moves no money';

-- Its own table, so that the event stays as it was sent and settling a batch inserts where it would otherwise update every index of events.
create table event_outcomes (
  operator_id text collate "C" not null,
  event_id text collate "C" not null,
  status text not null check (status in ('settled', 'orphaned', 'rejected', 'set_aside')),
  reason text,
  detail text,
  batch_id text collate "C" not null,
  affiliate_id text collate "C",
  method text check (method in ('click', 'binding', 'coupon', 'manual')),
  click_id text collate "C",
  deal_id text collate "C",
  deal_version int,
  payout_minor bigint,
  payout_currency text,
  settled_at timestamptz not null default now(),
  primary key (operator_id, event_id)
) with (fillfactor = 90);
comment on table event_outcomes is 'an event without a row here is accepted and not settled yet';
comment on column event_outcomes.payout_minor is 'the sum told to the affiliate for this event so far';
create index event_outcomes_unsettled on event_outcomes (operator_id, event_id) where status <> 'settled';
create index event_outcomes_set_aside on event_outcomes (operator_id, reason, event_id) where status = 'set_aside';
create index event_outcomes_of_batch on event_outcomes (operator_id, batch_id) where status <> 'settled';

create table bindings (
  operator_id text collate "C" not null,
  customer_id text collate "C" not null,
  affiliate_id text collate "C" not null,
  event_id text collate "C" not null,
  click_id text collate "C",
  link_id text collate "C",
  sub1 text, sub2 text, sub3 text, sub4 text, sub5 text,
  clicked_at timestamptz,
  batch_id text collate "C" not null,
  bound_at timestamptz not null default now(),
  primary key (operator_id, customer_id)
);
create index bindings_batch on bindings (operator_id, batch_id);
comment on table bindings is 'the affiliate a customer belongs to for ever; carries its click, so that months of clicks can be dropped whole';

create table sweep_marks (
  name text primary key,
  through timestamptz not null
);
comment on table sweep_marks is 'how far the sweep has seen every event settled';

create trigger append_only before update or delete on events for each row execute function refuse_change();
create trigger append_only_whole before truncate on events for each statement execute function refuse_change();
create trigger append_only before update or delete on event_conflicts for each row execute function refuse_change();
create trigger append_only_whole before truncate on event_conflicts for each statement execute function refuse_change();

select estimate_tenants_alike(name) from unnest(array['clicks', 'clicks_other', 'events', 'event_outcomes', 'bindings']) as name;
