-- Postbacks: endpoints with their secrets, deliveries, attempts, and replays of deliveries.

create table endpoints (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  affiliate_id text collate "C",
  name text,
  url text not null,
  method text not null check (method in ('POST', 'GET')),
  body text not null check (body in ('json', 'form')),
  form json,
  events text[] not null,
  headers jsonb not null,
  schedule int[] not null,
  max_in_flight int not null check (max_in_flight between 1 and 64),
  rate_per_second numeric check (rate_per_second > 0),
  signing text not null check (signing in ('v1', 'v1a', 'none')),
  share_customer_id boolean not null,
  api_version text not null,
  secret bytea not null,
  public_key text,
  state text not null default 'active' check (state in ('active', 'paused', 'disabled')),
  state_reason text,
  failing_since timestamptz,
  failures_in_a_row int not null default 0,
  failed_about text[] not null default '{}',
  last_error text,
  notices_sent int not null default 0,
  next_turn_at timestamptz,
  queue_read_by timestamptz,
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (operator_id, id),
  foreign key (operator_id, affiliate_id) references affiliates (operator_id, id)
);
create index endpoints_affiliate on endpoints (operator_id, affiliate_id);
comment on column endpoints.affiliate_id is
  'null: the operator''s own webhook, which receives the postbacks of every affiliate';
comment on column endpoints.name is 'as its owner calls it, shown beside its host where it is in trouble';
comment on column endpoints.form is
  'templates by field name, for body form; null: every field of data and of the envelope. json, not jsonb, '
  'keeps their order';
comment on column endpoints.events is 'types of postback that the endpoint receives';
comment on column endpoints.schedule is 'seconds to wait before each try; the first is 0';
comment on column endpoints.max_in_flight is 'requests to the endpoint at one time';
comment on column endpoints.api_version is
  'version of what its postbacks say, of domain/delivery/versions.ts';
comment on column endpoints.secret is 'sealed by the secret box; never stored in the clear';
comment on column endpoints.public_key is
  'of an endpoint that signs with ed25519 (v1a): what its receiver verifies with; null for a shared secret';
comment on column endpoints.failing_since is
  'since when it is known to do nothing but fail; like the four columns behind it written only on failure and '
  'on recovery, so that healthy traffic costs nothing';
comment on column endpoints.failures_in_a_row is
  'what the breaker counts: failures that say something about the endpoint';
comment on column endpoints.failed_about is
  'conversions that failed since the last delivery, the first five of them: enough to call the endpoint failing';
comment on column endpoints.last_error is 'why the latest of these failed; null: none since the last delivery';
comment on column endpoints.next_turn_at is
  'when its queue is looked at next, where that is later than at once; for people, since the workflow knows itself';
comment on column endpoints.queue_read_by is
  'by when its workflow reads its queue, so that not everyone who fills it need wake the workflow; in the past: '
  'it is about to; null: nobody promises that';
comment on column endpoints.notices_sent is
  'notices to the operator that the endpoint fails, since failing_since';

create table retiring_secrets (
  operator_id text collate "C" not null,
  endpoint_id text collate "C" not null,
  replaced_at timestamptz not null default clock_timestamp(),
  secret bytea not null,
  ends_at timestamptz not null,
  primary key (operator_id, endpoint_id, replaced_at),
  foreign key (operator_id, endpoint_id) references endpoints (operator_id, id)
);
comment on table retiring_secrets is
  'replaced secrets, which sign beside the new one until ends_at, so that receivers can change over';
comment on column retiring_secrets.secret is 'sealed by the secret box, as endpoints.secret was';
select estimate_tenants_alike('retiring_secrets');

create table deliveries (
  operator_id text collate "C" not null,
  id text collate "C" not null,
  endpoint_id text collate "C" not null,
  affiliate_id text collate "C",
  event_id text collate "C",
  original_event_id text collate "C" not null,
  type text not null,
  body text not null,
  payout_delta_minor bigint,
  payout_currency text,
  state text not null default 'pending'
    check (state in ('pending', 'retrying', 'held', 'delivered', 'gave_up', 'cancelled')),
  owner text check (owner in ('batch', 'self', 'endpoint', 'predecessor')),
  predecessor_id text collate "C",
  batch_id text collate "C" not null,
  tries int not null default 0,
  attempts int not null default 0,
  sending_until timestamptz,
  next_attempt_at timestamptz not null,
  next_cause text check (next_cause in ('manual', 'replay')),
  replay_id text collate "C",
  last_error text,
  pause_reason text,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  acknowledged_at timestamptz,
  primary key (operator_id, id),
  constraint one_owner_until_finished check (
    (owner is null) = (state in ('delivered', 'gave_up', 'cancelled'))
  ),
  constraint payout_delta_has_a_currency check ((payout_delta_minor is null) = (payout_currency is null)),
  constraint pauses_by_its_workflow check (pause_reason is null or owner = 'self'),
  constraint waits_for_somebody check ((owner = 'predecessor') = (predecessor_id is not null))
) with (fillfactor = 80);
-- With the affiliate: an operator's webhook receives a conversion once for each affiliate who is
-- paid for it.
create unique index deliveries_conversion
  on deliveries (operator_id, original_event_id, endpoint_id, event_id, type, affiliate_id);
create index deliveries_batch on deliveries (operator_id, batch_id) where owner = 'batch';
create index deliveries_queue on deliveries (operator_id, endpoint_id, next_attempt_at, id)
  where owner = 'endpoint';
create index deliveries_self on deliveries (operator_id, endpoint_id) where owner = 'self';
create index deliveries_waiting on deliveries (operator_id, predecessor_id) where owner = 'predecessor';
create index deliveries_affiliate on deliveries (operator_id, affiliate_id, id);
-- All but the delivered ones and those on their way for the first time, which are most.
create index deliveries_state on deliveries (operator_id, state, id)
  where state in ('retrying', 'held', 'gave_up', 'cancelled') or owner in ('self', 'endpoint', 'predecessor');
-- In the words of stuckSql, in the order in which lists show and bulk actions visit them.
create index deliveries_stuck_in_order on deliveries (operator_id, id)
  where state in ('retrying', 'held', 'gave_up') and (state <> 'gave_up' or acknowledged_at is null);
create index deliveries_given_up on deliveries (operator_id, endpoint_id)
  where state = 'gave_up' and acknowledged_at is null;
create index deliveries_replayed on deliveries (operator_id, replay_id) where replay_id is not null;
comment on table deliveries is 'one postback to one endpoint, with exactly one owner until it is finished';
comment on column deliveries.affiliate_id is 'null: a notice about the operator''s own webhook';
comment on column deliveries.event_id is 'the event that caused it; null where no event did';
comment on column deliveries.original_event_id is
  'the conversion, commission or payout it is about; of a notice, the endpoint or delivery. Those to one '
  'endpoint about one thing go in order';
comment on column deliveries.type is 'type of postback, such as conversion.created';
comment on column deliveries.body is
  'the JSON, fixed when the postback was planned, so that every try sends the same';
comment on column deliveries.payout_delta_minor is
  'payout_delta of the body, in minor units of payout_currency, so that what was not told yet can be added '
  'up; null: the body has none';
comment on column deliveries.owner is
  'what makes its next attempt: its batch, a workflow of its own, the endpoint''s queue, or the end of its '
  'predecessor; null: finished';
comment on column deliveries.predecessor_id is 'the unfinished delivery that it has to follow';
comment on column deliveries.tries is
  'place in the schedule: attempts made since it began; every attempt guards on it, so that none is recorded twice';
comment on column deliveries.attempts is
  'attempts made in all, also before a retry or a replay began the schedule anew; the next one has the next number';
comment on column deliveries.sending_until is
  'an attempt of a workflow or a queue is under way, and over by then at the latest; nobody else sends it meanwhile. '
  'A batch notes nothing: nobody takes a delivery from it';
comment on column deliveries.next_cause is
  'why the next attempt is made, where that is not the schedule; cleared by that attempt';
comment on column deliveries.replay_id is 'the last replay that sent it again';
comment on column deliveries.pause_reason is
  'why its own workflow makes no attempts; null: it is not paused';
comment on column deliveries.acknowledged_at is 'when a person acknowledged that it was given up';
select estimate_tenants_alike('deliveries');

-- In SQL what stuckSql of store/delivery/stuck-condition.ts says.
create function is_stuck(state text, acknowledged_at timestamptz) returns boolean language sql immutable as $$
  select state in ('retrying', 'held', 'gave_up') and (state <> 'gave_up' or acknowledged_at is null)
$$;

-- Stuck deliveries to one endpoint in one state that differ in none of these. Only the last of them
-- may contain blanks.
create function stuck_part(
  affiliate_id text, owner text, last_error text, payout_currency text, pause_reason text
) returns text language sql immutable as $$
  select coalesce(affiliate_id, '') || ' ' || coalesce(owner, '') || ' ' || coalesce(last_error, '') || ' '
    || coalesce(payout_currency, '') || ' ' || coalesce(pause_reason, '')
$$;
create index deliveries_stuck_part on deliveries (operator_id, endpoint_id, state,
  stuck_part(affiliate_id, owner, last_error, payout_currency, pause_reason), created_at)
  where state in ('retrying', 'held', 'gave_up') and (state <> 'gave_up' or acknowledged_at is null);

create table stuck_counts (
  operator_id text collate "C" not null,
  id bigint generated always as identity,
  endpoint_id text collate "C" not null,
  affiliate_id text collate "C",
  state text not null,
  owner text,
  last_error text,
  payout_currency text,
  pause_reason text,
  count int not null,
  minor numeric not null,
  oldest_at timestamptz,
  is_sum boolean not null default false,
  primary key (operator_id, id)
);
create index stuck_counts_new on stuck_counts (id) where not is_sum;
create index stuck_counts_sums on stuck_counts (operator_id, endpoint_id) where is_sum;
comment on table stuck_counts is
  'how many deliveries are stuck, in parts: a row for each that became stuck (1) or is no longer so (-1), which '
  'the sweep adds up; so that no two transactions wait for each other, and a reader adds few rows';
comment on column stuck_counts.minor is 'sum of payout_delta_minor';
comment on column stuck_counts.oldest_at is
  'created_at of the delivery; of a sum, that of the oldest, unless one as old left since';
select estimate_tenants_alike('stuck_counts');

-- A trigger, so that no transition can forget it. Deliveries that are never stuck cost a
-- comparison.
create function count_stuck() returns trigger language plpgsql as $$
begin
  if is_stuck(old.state, old.acknowledged_at) then
    insert into stuck_counts (operator_id, endpoint_id, affiliate_id, state, owner, last_error, payout_currency,
      pause_reason, count, minor, oldest_at)
    values (old.operator_id, old.endpoint_id, old.affiliate_id, old.state, old.owner, old.last_error,
      old.payout_currency, old.pause_reason, -1, -coalesce(old.payout_delta_minor, 0), old.created_at);
  end if;
  if is_stuck(new.state, new.acknowledged_at) then
    insert into stuck_counts (operator_id, endpoint_id, affiliate_id, state, owner, last_error, payout_currency,
      pause_reason, count, minor, oldest_at)
    values (new.operator_id, new.endpoint_id, new.affiliate_id, new.state, new.owner, new.last_error,
      new.payout_currency, new.pause_reason, 1, coalesce(new.payout_delta_minor, 0), new.created_at);
  end if;
  return null;
end $$;
create trigger stuck_inserted after insert on deliveries for each row
  when (is_stuck(new.state, new.acknowledged_at)) execute function count_stuck();
create trigger stuck_deleted after delete on deliveries for each row
  when (is_stuck(old.state, old.acknowledged_at)) execute function count_stuck();
create trigger stuck_updated after update on deliveries for each row
  when ((is_stuck(old.state, old.acknowledged_at) or is_stuck(new.state, new.acknowledged_at))
    and (is_stuck(old.state, old.acknowledged_at), old.endpoint_id, old.affiliate_id, old.state, old.owner,
      old.last_error, old.payout_currency, old.pause_reason, old.payout_delta_minor, old.created_at)
    is distinct from (is_stuck(new.state, new.acknowledged_at), new.endpoint_id, new.affiliate_id, new.state,
      new.owner, new.last_error, new.payout_currency, new.pause_reason, new.payout_delta_minor, new.created_at))
  execute function count_stuck();

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
  sends int not null default 1,
  status_code int,
  error_class text,
  response_excerpt text,
  next_attempt_at timestamptz,
  next_reason text,
  primary key (operator_id, delivery_id, number)
) partition by range (delivery_id);
create table attempts_other partition of attempts default;
select ensure_partitions('attempts', 'dlv');
-- Rows may be deleted: whole months are dropped when they expire.
create trigger append_only before update on attempts for each row
  execute function refuse_change_but_erasure('response_excerpt');
comment on table attempts is
  'one try of a delivery; all of a delivery are in the month in which it was planned, so that their numbers have a key';
comment on column attempts.number is 'counts on over retries and replays';
comment on column attempts.phases is 'milliseconds of DNS, connection, TLS and first byte';
comment on column attempts.dialled is 'address and port that were called';
comment on column attempts.sends is
  'times the request went out: 2 when a kept connection ended before any of the answer';
comment on column attempts.next_attempt_at is 'when the next attempt was due then; next_reason says why';
select estimate_tenants_alike(name) from unnest(array['attempts', 'attempts_other']) as name;

-- Counts of attempts for the statistics of an endpoint. Several rows count for the same hour, so
-- that processes which write at the same time do not wait for one another.
create table endpoint_hours (
  operator_id text collate "C" not null,
  endpoint_id text collate "C" not null,
  hour timestamptz not null,
  counter smallint not null,
  attempts int not null,
  delivered int not null,
  within_ms int[] not null,
  primary key (operator_id, endpoint_id, hour, counter)
) with (fillfactor = 50);
create index endpoint_hours_expired on endpoint_hours (hour);
comment on table endpoint_hours is 'how many attempts of an endpoint began in an hour, and how they went';
comment on column endpoint_hours.counter is 'tells the rows of one hour apart; the sum counts';
comment on column endpoint_hours.within_ms is
  'attempts by duration: one count for each of LATENCY_BOUNDS_MS in domain/delivery/latency.ts, and one beyond';
select estimate_tenants_alike('endpoint_hours');

create table replays (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  endpoint_id text collate "C",
  affiliate_id text collate "C",
  planned_from timestamptz,
  planned_to timestamptz,
  states text[] not null,
  rate_per_second numeric check (rate_per_second > 0),
  is_dry_run boolean not null,
  state text not null check (state in ('running', 'done', 'cancelled')),
  total int not null,
  total_is_exact boolean not null default true,
  released int not null default 0,
  sent int not null default 0,
  recalled int not null default 0,
  skipped int not null default 0,
  idle_steps int not null default 0,
  chosen int not null default 0,
  after_id text collate "C" not null default '',
  through_id text collate "C" not null,
  next_step_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (operator_id, id),
  constraint finished_when_not_running check ((finished_at is null) = (state = 'running'))
);
create index replays_running on replays (operator_id, id) where state = 'running';
comment on table replays is
  'deliveries sent again by a filter: endpoint, affiliate, time of planning, states';
comment on column replays.total is 'deliveries that the filter chose when it began';
comment on column replays.released is 'in the queues of their endpoints or out, and not taken back; sent: out';
comment on column replays.recalled is 'taken back by a cancel before anybody sent them; skipped: left as they were';
comment on column replays.idle_steps is 'steps in a row that changed nothing; each makes the wait for the next longer';
comment on column replays.total_is_exact is
  'false: the count stopped, and they are at least so many, until all are read; chosen: those read so far';
comment on column replays.after_id is 'progress: every delivery up to this one was looked at';
comment on column replays.through_id is 'the last delivery when it began; later ones are not sent again';
comment on column replays.next_step_at is 'no delivery is released before then, because of rate_per_second';

create table stuck_actions (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  action text not null check (action in ('retry', 'give_up', 'acknowledge', 'pause')),
  filter json not null,
  is_dry_run boolean not null,
  state text not null check (state in ('running', 'done', 'cancelled')),
  total int not null,
  done int not null default 0,
  joined int not null default 0,
  refused json not null default '{}',
  after_id text collate "C" not null default '',
  through_id text collate "C" not null,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (operator_id, id),
  constraint finished_when_not_running check ((finished_at is null) = (state = 'running'))
);
create index stuck_actions_running on stuck_actions (operator_id, id) where state = 'running';
comment on table stuck_actions is
  'what a person does to all deliveries that are stuck by a filter; pause acts on their endpoints';
comment on column stuck_actions.total is
  'what the filter chose when the action began, or more, where others became stuck before their turn; a dry run '
  'ends with that';
comment on column stuck_actions.done is
  'those acted on so far; joined: an attempt was under way, which does what was wanted';
comment on column stuck_actions.refused is 'those whose state forbade it so far: counts by reason';
comment on column stuck_actions.after_id is 'progress: every delivery or endpoint up to this one was looked at';
comment on column stuck_actions.through_id is 'the last one when the action began; later ones are left alone';
create table replay_items (
  operator_id text collate "C" not null,
  replay_id text collate "C" not null,
  delivery_id text collate "C" not null,
  endpoint_id text collate "C" not null,
  was_state text,
  was_tries int,
  was_attempts int,
  was_next_attempt_at timestamptz,
  was_next_cause text,
  was_replay_id text collate "C",
  was_finished_at timestamptz,
  was_acknowledged_at timestamptz,
  primary key (operator_id, replay_id, delivery_id),
  foreign key (operator_id, replay_id) references replays (operator_id, id)
);
create index replay_items_waiting on replay_items (operator_id, replay_id, endpoint_id, delivery_id)
  where was_state is null;
comment on table replay_items is
  'deliveries that a replay still has to do with: they wait in it, or are released and did not go out';
comment on column replay_items.was_state is
  'null: it waits in the replay; otherwise it is released, and this is what it goes back to where it is recalled';
select estimate_tenants_alike('replay_items');

create table notice_channels (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  kind text not null check (kind in ('mail', 'slack')),
  shown text not null,
  secret bytea not null,
  notices text[] not null,
  created_at timestamptz not null default now(),
  next_send_at timestamptz not null default now(),
  last_sent_at timestamptz,
  last_error text,
  failures int not null default 0,
  dropped int not null default 0,
  primary key (operator_id, id)
);
comment on table notice_channels is 'where notices go beside the operator''s webhooks: mail, or a chat''s webhook';
comment on column notice_channels.shown is 'the address, or the host of the URL';
comment on column notice_channels.secret is 'the address or URL, sealed by the secret box';
comment on column notice_channels.next_send_at is
  'when the next message may be sent: a minute after the last one, later after a failure';
comment on column notice_channels.dropped is 'notices that could not be sent in time';
select estimate_tenants_alike('notice_channels');

create table channel_notices (
  operator_id text collate "C" not null,
  channel_id text collate "C" not null,
  id text collate "C" not null,
  type text not null,
  count int not null check (count > 0),
  samples json not null,
  created_at timestamptz not null default now(),
  primary key (operator_id, channel_id, id),
  foreign key (operator_id, channel_id) references notice_channels (operator_id, id) on delete cascade
);
comment on table channel_notices is
  'notices that wait for a channel; those that one transaction noted together are a row';
comment on column channel_notices.samples is 'facts of the first of them';
select estimate_tenants_alike('channel_notices');
