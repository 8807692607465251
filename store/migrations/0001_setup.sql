-- Operators (the tenants), their API keys, inbound secrets and event types, and the log of refused
-- requests. Before them: the functions that all later files use.
--
-- Every table of a tenant leads its primary key with operator_id, so that an operator can be given
-- a database of its own.

-- Keeps per-tenant statistics off a table. After an ANALYZE the planner would take a tenant that
-- joined since for an empty one: it would estimate one row, read all of the tenant's rows by
-- operator_id and filter them, again and again. Without statistics on operator_id every tenant is
-- estimated as 0.5 % of the table, and look-ups use their whole key.
create function estimate_tenants_alike(tenant_table text) returns void language plpgsql as $$
begin
  execute format('alter table %I alter column operator_id set statistics 0', tenant_table);
end $$;

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;

-- Makes a table append-only: facts and agreements are never edited; a change is a further row.
create function make_append_only(fact_table text) returns void language plpgsql as $$
begin
  execute format('create trigger append_only before update or delete on %I
    for each row execute function refuse_change()', fact_table);
  execute format('create trigger append_only_whole before truncate on %I
    for each statement execute function refuse_change()', fact_table);
end $$;

-- Refuses every update but one that erases a customer: the named columns, and no other, may become
-- null, empty, or the id by which an erased customer is known. `subject` is made from others, and
-- not known yet.
create function refuse_change_but_erasure() returns trigger language plpgsql as $$
declare
  before jsonb := to_jsonb(old) - 'subject';
  after jsonb := to_jsonb(new) - 'subject';
begin
  if before = after or before - tg_argv <> after - tg_argv or exists (
    select from unnest(tg_argv) as personal
    where after ->> personal is distinct from before ->> personal
      and after ->> personal !~ '^((customer )?erased(_[0-9a-z]{26})?|\{\})$'
  ) then
    raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;

-- Makes a table append-only but for columns about a customer, who may be erased.
create function make_append_only_but(fact_table text, variadic personal text[]) returns void
language plpgsql as $$
begin
  execute format('create trigger append_only before delete on %I
    for each row execute function refuse_change()', fact_table);
  execute format('create trigger append_only_but before update on %I
    for each row execute function refuse_change_but_erasure(%s)', fact_table,
    (select string_agg(quote_literal(name), ', ') from unnest(personal) as name));
  execute format('create trigger append_only_whole before truncate on %I
    for each statement execute function refuse_change()', fact_table);
end $$;

-- The lowest id with this prefix made at or after a moment. An id is its prefix, then 48 bits of
-- milliseconds in Crockford's base 32 (store/db/ids.ts), then random digits.
create function id_bound(prefix text, moment timestamptz) returns text language plpgsql immutable strict as $$
declare
  rest bigint := greatest((extract(epoch from moment) * 1000)::bigint, 0);
  digits text := '';
begin
  for i in 1..10 loop
    digits := substr('0123456789abcdefghjkmnpqrstvwxyz', (rest & 31)::int + 1, 1) || digits;
    rest := rest >> 5;
  end loop;
  return prefix || '_' || digits;
end $$;

-- The moment at which an id was made, to the millisecond: the inverse of id_bound.
create function id_moment(id text) returns timestamptz language plpgsql immutable as $$
declare
  digits text := split_part(id, '_', 2);
  milliseconds bigint := 0;
begin
  for i in 1..10 loop
    milliseconds := milliseconds * 32
      + strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(digits, i, 1)) - 1;
  end loop;
  return to_timestamp(milliseconds / 1000.0);
end $$;

-- Creates the missing monthly partitions of a table, from last month to some months ahead.
create function ensure_partitions(parent text, prefix text, months_ahead int default 3)
returns void language plpgsql as $$
declare
  month timestamptz;
  next_month timestamptz;
  name text;
begin
  for i in -1..months_ahead loop
    month := (date_trunc('month', now() at time zone 'UTC') + make_interval(months => i)) at time zone 'UTC';
    next_month := (month at time zone 'UTC' + interval '1 month') at time zone 'UTC';
    name := parent || '_' || to_char(month at time zone 'UTC', 'YYYY_MM');
    if to_regclass(name) is null then
      execute format('create table %I partition of %I for values from (%L) to (%L)',
        name, parent, id_bound(prefix, month), id_bound(prefix, next_month));
      perform estimate_tenants_alike(name);
    end if;
  end loop;
end $$;

-- Drops the oldest monthly partition of a table if the whole month lies before a moment; returns
-- its name. One month per call, because each drop takes a lock on the whole table.
create function drop_oldest_partition(parent text, moment timestamptz) returns text language plpgsql as $$
declare
  oldest text;
begin
  select c.relname into oldest from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = parent::regclass and c.relname ~ ('^' || parent || '_\d{4}_\d{2}$')
    and to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' <= moment at time zone 'UTC'
  order by c.relname limit 1;
  if oldest is not null then
    execute format('drop table %I', oldest);
  end if;
  return oldest;
end $$;

-- PostgreSQL sums bigints as numerics, with an allocation for every group; a million slots sum
-- faster without.
create aggregate bigint_sum(bigint) (sfunc = int8pl, combinefunc = int8pl, stype = bigint, parallel = safe);
comment on aggregate bigint_sum(bigint) is
  'sum() that stays a bigint: null for no rows, and an error when the sum does not fit';

create table operators (
  id text collate "C" primary key,
  name text not null,
  currency text not null,
  timezone text not null,
  click_window_days int not null default 30 check (click_window_days between 1 and 3650),
  click_choice text not null default 'last' check (click_choice in ('first', 'last')),
  existing_customers text not null default 'bind' check (existing_customers in ('bind', 'ignore')),
  without_transaction_id text
    check (without_transaction_id in ('refuse', 'accept_each', 'same_content_is_repeat')),
  repeat_window_hours int not null default 24 check (repeat_window_hours between 1 and 8760),
  allowed_ips text[] not null default '{}',
  require_signature boolean not null default false,
  rate_per_second int check (rate_per_second > 0),
  postback_aliases jsonb not null default '{}',
  minimum_payouts jsonb not null default '{}',
  share_customer_ids boolean not null default false,
  portal_origins text[] not null default '{}',
  last_signed_at timestamptz,
  created_at timestamptz not null default now()
);
comment on column operators.timezone is
  'IANA name of the present zone, by which months of the books begin and end; operator_zones has those before';
comment on column operators.click_window_days is 'a click older than this attributes nothing';
comment on column operators.click_choice is 'which click of one visitor counts: the first or the last';
comment on column operators.existing_customers is
  'ignore: a click or coupon attributes no event of a customer who was known before it';
comment on column operators.without_transaction_id is
  'events without a transaction id; null: refuse for JSON, same_content_is_repeat for /postback';
comment on column operators.repeat_window_hours is
  'how long an event with the same content is a repeat of the first, under same_content_is_repeat';
comment on column operators.allowed_ips is 'ranges that events may come from; empty: any';
comment on column operators.require_signature is 'whether events must be signed with an inbound secret';
comment on column operators.rate_per_second is
  'requests per second of each key without a rate of its own; null: no limit';
comment on column operators.postback_aliases is
  'parameter of /postback -> name of our field; null: the parameter is ignored';
comment on column operators.minimum_payouts is
  'currency -> decimal text: a payout of less is made only where somebody asks for less';
comment on column operators.share_customer_ids is 'whether affiliates see the ids of their customers';
comment on column operators.portal_origins is 'origins of sites that may show the portal in a frame';
comment on column operators.last_signed_at is 'last request with a valid signature, to the minute';

-- Time zones are dated: the month of a conversion is that of the zone in force when it happened, so
-- a later change of the setting moves nothing.
create table operator_zones (
  operator_id text collate "C" not null references operators,
  since timestamptz not null,
  zone text not null,
  primary key (operator_id, since)
);
comment on table operator_zones is
  'time zones of an operator, each in force until the next; operators.timezone is the last';
comment on column operator_zones.since is
  'to the millisecond, like events.occurred_at; -infinity for the first';
select estimate_tenants_alike('operator_zones');


-- The month of a moment in an operator's calendar, as `monthByZones` in domain/ledger/periods.ts
-- gives it. In plpgsql, which keeps its plan.
create function month_of(operator text, moment timestamptz) returns text language plpgsql stable as $$
begin
  return (select to_char(moment at time zone z.zone, 'YYYY-MM') from operator_zones z
    where z.operator_id = operator and z.since <= moment order by z.since desc limit 1);
end $$;

create table api_keys (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  name text not null,
  key_hash bytea not null unique,
  key_hint text not null,
  scopes text[] not null,
  rate_per_second int check (rate_per_second > 0),
  last_used_at timestamptz,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  primary key (operator_id, id)
);
comment on column api_keys.key_hash is
  'SHA-256 of the key; keys are 256 random bits, so no slow hash is needed';
comment on column api_keys.key_hint is 'the end of the key, by which people recognise it';
comment on column api_keys.rate_per_second is 'requests per second; null: operators.rate_per_second';
comment on column api_keys.last_used_at is
  'to the minute: each process writes it at most once a minute per key';

create table inbound_secrets (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  secret bytea not null,
  valid_until timestamptz,
  primary key (operator_id, id)
);
comment on table inbound_secrets is 'secrets with which an operator signs its requests';
comment on column inbound_secrets.secret is 'sealed by the secret box; never stored in the clear';
comment on column inbound_secrets.valid_until is
  'null: the current secret; a replaced one stays valid until then, so that senders can change over';

create table event_types (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  name text collate "C" not null,
  standard text not null,
  created_at timestamptz not null default now(),
  primary key (operator_id, id),
  unique (operator_id, name)
);
comment on table event_types is 'an operator''s own event names, each standing for a standard event type';

-- Of no operator, so that a code means the same amounts everywhere in an installation, as an ISO
-- code does.
create table currencies (
  code text collate "C" primary key check (code ~ '^[A-Z0-9]{3,10}$'),
  exponent int not null check (exponent between 0 and 8),
  created_at timestamptz not null default now()
);
select make_append_only('currencies');
comment on table currencies is 'currencies that are not in ISO 4217, such as USDT';
comment on column currencies.exponent is 'decimal places; never changes, since amounts are stored in them';

create table operator_currencies (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  code text collate "C" not null,
  created_at timestamptz not null default now(),
  primary key (operator_id, id),
  unique (operator_id, code)
);
select make_append_only('operator_currencies');
comment on table operator_currencies is 'which operators use a currency of currencies';

create table refusals (
  operator_id text collate "C" not null,
  id text collate "C" not null,
  refused_at timestamptz not null,
  reason text not null,
  address text not null,
  method text not null,
  path text not null,
  request_id text not null,
  key_id text collate "C" not null,
  issue_path text,
  issue_code text,
  primary key (operator_id, id)
);
comment on table refusals is
  'samples of refused requests, a few a minute; never a key, a signature or anything of a body';
comment on column refusals.issue_path is 'the field that was wrong; issue_code says how';
select estimate_tenants_alike('refusals');

create table refusal_counts (
  operator_id text collate "C" not null,
  minute timestamptz not null,
  reason text not null,
  address text not null,
  count bigint not null,
  primary key (operator_id, minute, reason, address)
);
comment on table refusal_counts is 'exact counts of refused requests';
comment on column refusal_counts.address is
  'empty: all addresses beyond those that were counted on their own in that minute';
select estimate_tenants_alike('refusal_counts');
