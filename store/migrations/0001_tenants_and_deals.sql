-- Who takes part: operators (the tenants), their keys and affiliates, what was agreed, and where postbacks go.
-- Every table of a tenant leads its keys with operator_id, so that an operator can be given a database of its own.

create table operators (
  id text collate "C" primary key,
  name text not null,
  currency text not null,
  timezone text not null,
  click_window_days int not null default 30 check (click_window_days between 1 and 3650),
  click_choice text not null default 'last' check (click_choice in ('first', 'last')),
  without_transaction_id text check (without_transaction_id in ('refuse', 'accept_each', 'same_content_is_repeat')),
  repeat_window_hours int not null default 24 check (repeat_window_hours between 1 and 8760),
  created_at timestamptz not null default now()
);
comment on column operators.without_transaction_id is 'null: refuse for JSON, same_content_is_repeat for /postback';

create table api_keys (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  name text not null,
  key_hash bytea not null unique,
  key_hint text not null,
  scopes text[] not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  primary key (operator_id, id)
);
comment on column api_keys.key_hash is 'SHA-256 of the key; keys are 256 random bits, so no slow hash is needed';

create table affiliates (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  name text not null,
  external_id text,
  parent_id text collate "C",
  created_at timestamptz not null default now(),
  primary key (operator_id, id),
  unique (operator_id, external_id),
  foreign key (operator_id, parent_id) references affiliates (operator_id, id),
  check (parent_id <> id)
);

create table deals (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  name text not null,
  affiliate_id text collate "C",
  created_at timestamptz not null default now(),
  primary key (operator_id, id),
  foreign key (operator_id, affiliate_id) references affiliates (operator_id, id)
);
create index deals_affiliate on deals (operator_id, affiliate_id);
comment on column deals.affiliate_id is 'null: the operator''s default for affiliates without a deal of their own';

create table deal_versions (
  operator_id text collate "C" not null,
  deal_id text collate "C" not null,
  version int not null,
  effective_from timestamptz not null,
  terms jsonb not null,
  created_at timestamptz not null default now(),
  primary key (operator_id, deal_id, version),
  unique (operator_id, deal_id, effective_from),
  foreign key (operator_id, deal_id) references deals (operator_id, id)
);

create table links (
  operator_id text collate "C" not null,
  id text collate "C" not null unique,
  affiliate_id text collate "C" not null,
  landing_url text not null,
  params jsonb not null default '{}',
  created_at timestamptz not null default now(),
  primary key (operator_id, id),
  foreign key (operator_id, affiliate_id) references affiliates (operator_id, id)
);
comment on column links.id is 'public: looked up without its operator, so unique for all of them';

create table endpoints (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  affiliate_id text collate "C",
  url text not null,
  method text not null check (method in ('POST', 'GET')),
  body text not null check (body in ('json', 'form')),
  events text[] not null,
  headers jsonb not null,
  schedule int[] not null,
  max_in_flight int not null check (max_in_flight between 1 and 64),
  rate_per_second numeric check (rate_per_second > 0),
  signing text not null check (signing in ('v1', 'v1a', 'none')),
  share_customer_id boolean not null,
  secret bytea not null,
  state text not null default 'active' check (state in ('active', 'paused', 'disabled')),
  state_reason text,
  failing_since timestamptz,
  failures_in_a_row int not null default 0,
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (operator_id, id),
  foreign key (operator_id, affiliate_id) references affiliates (operator_id, id)
);
create index endpoints_affiliate on endpoints (operator_id, affiliate_id);
comment on column endpoints.affiliate_id is 'null: the operator''s own webhook, which hears of every affiliate';
comment on column endpoints.secret is 'sealed by the secret box; never stored in the clear';
comment on column endpoints.schedule is 'seconds to wait before each try; the first is 0';
comment on column endpoints.failing_since is 'written only on failure and on recovery, so that healthy traffic costs nothing';

-- The planner must not take a tenant that joined after the last ANALYZE for an empty one: estimating one row for it, it would read all of the
-- tenant's rows by operator_id and filter, again and again. Without statistics on the column every tenant is estimated alike, as 0.5 % of the
-- table, and look-ups use their whole key.
create function estimate_tenants_alike(tenant_table text) returns void language plpgsql as $$
begin
  execute format('alter table %I alter column operator_id set statistics 0', tenant_table);
end $$;

-- Facts and agreements are never edited; what changed is said by a further row.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;

create trigger append_only before update or delete on deal_versions for each row execute function refuse_change();
create trigger append_only_whole before truncate on deal_versions for each statement execute function refuse_change();
