-- The way out: one row per postback with exactly one owner while it is unfinished, and one row per attempt.

create table deliveries (
  operator_id text collate "C" not null,
  id text collate "C" not null,
  endpoint_id text collate "C" not null,
  affiliate_id text collate "C" not null,
  event_id text collate "C",
  original_event_id text collate "C" not null,
  type text not null,
  body text not null,
  state text not null default 'pending' check (state in ('pending', 'retrying', 'held', 'delivered', 'gave_up', 'cancelled')),
  owner text check (owner in ('batch', 'self', 'endpoint', 'predecessor')),
  predecessor_id text collate "C",
  batch_id text collate "C" not null,
  tries int not null default 0,
  next_attempt_at timestamptz not null,
  last_error text,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  acknowledged_at timestamptz,
  primary key (operator_id, id),
  constraint one_owner_until_finished check ((owner is null) = (state in ('delivered', 'gave_up', 'cancelled'))),
  constraint waits_for_somebody check ((owner = 'predecessor') = (predecessor_id is not null))
) with (fillfactor = 80);
create unique index deliveries_conversion on deliveries (operator_id, original_event_id, endpoint_id, event_id, type);
create index deliveries_batch on deliveries (batch_id) where owner is not null and batch_id is not null;
create index deliveries_queue on deliveries (operator_id, endpoint_id, next_attempt_at, id) where owner = 'endpoint';
create index deliveries_self on deliveries (operator_id, endpoint_id) where owner = 'self';
create index deliveries_waiting on deliveries (operator_id, predecessor_id) where owner = 'predecessor';
create index deliveries_stuck on deliveries (operator_id, state, id) where state in ('retrying', 'held', 'gave_up');
comment on index deliveries_batch is 'all that is unfinished. "batch_id is not null", which is always so, keeps the planner from it where a statement neither names a batch nor says so too: it took it for as good as the index of one endpoint''s queue';
comment on column deliveries.body is 'the postback''s JSON, fixed when it was planned, so that every try says the same';
comment on column deliveries.owner is 'who must bring it on: its batch, a workflow of its own, the endpoint''s queue, or the postback it has to follow';
comment on column deliveries.tries is 'attempts made; every attempt guards on it, so that none is recorded twice';

create table attempts (
  operator_id text collate "C" not null,
  id text collate "C" not null,
  delivery_id text collate "C" not null,
  number int not null,
  cause text not null check (cause in ('first', 'retry', 'manual', 'replay', 'probe')),
  started_at timestamptz not null,
  duration_ms int not null,
  phases json,
  dialled text,
  status_code int,
  error_class text,
  response_excerpt text,
  next_attempt_at timestamptz,
  next_reason text,
  primary key (operator_id, id)
) partition by range (id);
create table attempts_other partition of attempts default;
select ensure_partitions('attempts', 'att');
create index attempts_delivery on attempts (operator_id, delivery_id);

create trigger append_only before update on attempts for each row execute function refuse_change();

select estimate_tenants_alike(name) from unnest(array['deliveries', 'attempts', 'attempts_other']) as name;
