-- The front door: what operators let in and how, the names they use, and a record of everything that was refused.

alter table operators
  add column allowed_ips text[] not null default '{}',
  add column require_signature boolean not null default false,
  add column rate_per_second int check (rate_per_second > 0),
  add column postback_aliases jsonb not null default '{}';
comment on column operators.allowed_ips is 'ranges that events may come from; empty: any';
comment on column operators.rate_per_second is 'requests per second of each key that has no rate of its own; null: no limit';
comment on column operators.postback_aliases is 'parameter of /postback -> our field, or null where it is to be ignored';

alter table api_keys
  add column rate_per_second int check (rate_per_second > 0),
  add column last_used_at timestamptz;
comment on column api_keys.last_used_at is 'to the minute: written at most once a minute per key and process';

create table inbound_secrets (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  secret bytea not null,
  created_at timestamptz not null default now(),
  valid_until timestamptz,
  primary key (operator_id, id)
);
comment on column inbound_secrets.secret is 'sealed by the secret box; never stored in the clear';
comment on column inbound_secrets.valid_until is 'null for the current one; a replaced one goes on for a while, so that senders can change over';

create table event_types (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  name text collate "C" not null,
  standard text not null,
  created_at timestamptz not null default now(),
  primary key (operator_id, id),
  unique (operator_id, name)
);

alter table events add column sent_as text;
comment on column events.sent_as is 'the operator''s own name of the event, where it was sent under one';

-- Same content within the operator's window is a repeat. The row says which event holds a content now; whoever comes later takes it over only
-- after its time, in one guarded upsert, so that two processes cannot both find it free.
create table content_holders (
  operator_id text collate "C" not null,
  type text not null,
  content text collate "C" not null,
  event_id text collate "C" not null,
  held_from timestamptz not null,
  held_until timestamptz not null,
  primary key (operator_id, content, type)
);

create table content_repeats (
  operator_id text collate "C" not null,
  event_id text collate "C" not null,
  times int not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  primary key (operator_id, event_id)
);
comment on table content_repeats is 'what was taken for a repeat by its content alone, so that a person can object';

-- Exact counts, and a few whole requests a minute as samples. Never a key, a signature or anything of a body.
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

create table refusal_counts (
  operator_id text collate "C" not null,
  minute timestamptz not null,
  reason text not null,
  address text not null,
  count bigint not null,
  primary key (operator_id, minute, reason, address)
);
comment on column refusal_counts.address is 'empty: one of many, beyond those told apart in that minute';

select estimate_tenants_alike(name) from unnest(array['content_holders', 'content_repeats', 'refusals', 'refusal_counts']) as name;
