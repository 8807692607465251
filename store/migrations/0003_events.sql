-- Conversion events: as they were sent, what was sent again, how they were amended, and how each
-- was settled.

create table events (
  operator_id text collate "C" not null,
  id text collate "C" not null,
  type text not null,
  sent_as text,
  key_kind text not null check (key_kind in ('transaction', 'customer', 'click', 'content', 'each')),
  key text collate "C" not null,
  content_hash bytea not null,
  transaction_id text,
  click_id text collate "C",
  customer_id text collate "C",
  subject text collate "C"
    generated always as (coalesce('customer ' || customer_id, 'click ' || click_id)) stored,
  amount_minor bigint,
  currency text,
  volume_e4 bigint,
  symbol text,
  symbol_group text,
  reference text collate "C",
  reference_type text,
  payout_minor bigint,
  payout_currency text,
  sub1 text, sub2 text, sub3 text, sub4 text, sub5 text,
  coupon text,
  metadata json,
  occurred_at timestamptz not null,
  received_at timestamptz not null,
  traceparent text,
  key_id text collate "C",
  request_id text,
  primary key (operator_id, id),
  unique (operator_id, key, type, key_kind)
);
create index events_subject on events (operator_id, subject, occurred_at) include (id);
create index events_reference on events (operator_id, reference) where reference is not null;
-- The types are NEGATIVE_EVENTS in domain/types.ts.
create index events_against_subject on events (operator_id, subject)
  where reference is null and type in ('chargeback', 'refund', 'bonus_abuse', 'fraud', 'account_closure');
-- The events of a click. A hash, since every event that names a click pays for its size.
create index events_click on events (operator_id, hashtextextended(click_id, 0))
  where click_id is not null;
create index events_received on events (received_at);
-- The types are all but BULK_EVENTS in domain/types.ts.
create index events_type on events (operator_id, type, id)
  where type not in ('deposit', 'trade', 'volume', 'revenue');
-- Events reported late: those of a time are the ones received about then, and these.
create index events_late on events (operator_id, id) where received_at - occurred_at > interval '2 days';
-- Events that say they happened after they were received: as a rule none.
create index events_ahead on events (operator_id, occurred_at) where occurred_at > received_at;
select make_append_only_but('events', 'customer_id', 'key', 'transaction_id', 'reference', 'metadata',
  'sub1', 'sub2', 'sub3', 'sub4', 'sub5', 'request_id');
comment on table events is
  'events exactly as they were sent; what changes is in amendments and event_outcomes. Only erasing a customer '
  'changes them: what tells who it was';
comment on column events.type is 'the standard event type';
comment on column events.sent_as is 'the operator''s own name of the event, where it was sent under one';
comment on column events.key is
  'two events of one type with the same key are one event; key_kind says what the key was made from';
comment on column events.content_hash is
  'SHA-256 of the values as sent; a repeat with another hash is a conflict';
comment on column events.subject is
  'whose event this is as sent: the customer, or the click where no customer is named (see subject_of)';
comment on column events.volume_e4 is 'ten-thousandths of a lot';
comment on column events.symbol is 'what was traded; symbol_group is the operator''s group of such symbols';
comment on column events.reference is 'key of the conversion that this event reverses or reinstates';
comment on column events.reference_type is 'type of that conversion, where the key alone could mean several';
comment on column events.payout_minor is
  'commission that the operator computed itself, where the deal allows it';
comment on column events.payout_currency is
  'currency of payout_minor, where the operator named one; null: currency';
comment on column events.traceparent is
  'trace of the request that brought the event (W3C Trace Context), where it named one and spans are made';
comment on column events.key_id is 'the API key of the request that brought the event; null: it came in a file';
comment on column events.request_id is 'the id of that request, which the sender may have chosen';
comment on column events.metadata is 'the operator''s own notes; json keeps them as they were sent';
select estimate_tenants_alike('events');

-- Whose event this is by what is known now: an event that names only a click is of the customer
-- whom the click bound. The same text as `subjectOf` in domain/commission/reversals.ts.
create function subject_of(operator text, customer text, click text) returns text
language plpgsql stable as $$
begin
  return coalesce('customer ' || coalesce(customer, customer_of_click(operator, click)), 'click ' || click);
end $$;

create table event_conflicts (
  operator_id text collate "C" not null,
  id text collate "C" not null,
  event_id text collate "C" not null,
  content_hash bytea not null,
  sent json not null,
  seen_at timestamptz not null default now(),
  primary key (operator_id, id)
);
select make_append_only_but('event_conflicts', 'sent');
create index event_conflicts_event on event_conflicts (operator_id, event_id);
create index event_conflicts_customer on event_conflicts (operator_id, (sent ->> 'customerId'));
comment on table event_conflicts is
  'the key of another event with other content: refused, kept for people to inspect, moves no money';
comment on column event_conflicts.event_id is 'the event that holds the key';

-- An event without a transaction id is a repeat if its content came within the operator's window.
-- The row names the event that holds a content now. A later event takes the row over only after
-- held_until, in one guarded upsert, so that two processes cannot both find the content free.
create table content_holders (
  operator_id text collate "C" not null,
  type text not null,
  content text collate "C" not null,
  event_id text collate "C" not null,
  held_from timestamptz not null,
  held_until timestamptz not null,
  primary key (operator_id, content, type)
);
create index content_holders_until on content_holders (held_until);
comment on column content_holders.content is 'hash of the content, as text';
select estimate_tenants_alike('content_holders');

create table content_repeats (
  operator_id text collate "C" not null,
  event_id text collate "C" not null,
  times int not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  primary key (operator_id, event_id)
);
comment on table content_repeats is
  'how often an event was taken for a repeat by its content alone, so that a person can object';
select estimate_tenants_alike('content_repeats');

create table amendments (
  operator_id text collate "C" not null,
  event_id text collate "C" not null,
  number int not null check (number > 0),
  amount_minor bigint,
  currency text,
  volume_e4 bigint,
  payout_minor bigint,
  payout_currency text,
  metadata json,
  voided boolean not null default false,
  rejected boolean not null default false,
  actor text not null,
  reason text,
  amended_at timestamptz not null default now(),
  state text not null default 'accepted' check (state in ('accepted', 'waiting', 'applied', 'superseded')),
  waits_for text,
  in_force boolean not null default false,
  batch_id text collate "C",
  applied_at timestamptz,
  primary key (operator_id, event_id, number),
  check ((state = 'waiting') = (waits_for is not null)),
  check (not in_force or state = 'applied'),
  check ((state = 'applied') = (applied_at is not null))
);
create unique index amendments_in_force on amendments (operator_id, event_id) where in_force;
create index amendments_due on amendments (operator_id, amended_at) where state = 'accepted';
create index amendments_waiting on amendments (operator_id) where state = 'waiting';
comment on table amendments is
  'corrected values of an event; each row has all values, also those that were not amended';
comment on column amendments.voided is 'the event is out of the books, as if it had not been sent';
comment on column amendments.rejected is 'a person rejected the conversion: it counts, and earns nothing';
comment on column amendments.state is
  'accepted: not booked yet; waiting: for waits_for; applied: booked; superseded: a later one was booked';
comment on column amendments.in_force is 'the values the event has now: those of its last applied amendment';
comment on column amendments.batch_id is 'posting group of the transfers that booked it';
comment on column amendments.actor is 'id of the API key';
select estimate_tenants_alike('amendments');

-- A table of its own: the event stays as it was sent, and settling a batch inserts one row in place
-- of an update of every index of events.
create table event_outcomes (
  operator_id text collate "C" not null,
  event_id text collate "C" not null,
  status text not null check (status in ('settled', 'orphaned', 'rejected', 'set_aside', 'voided')),
  reason text,
  detail text,
  batch_id text collate "C" not null,
  affiliate_id text collate "C",
  method text check (method in ('click', 'binding', 'coupon', 'manual', 'reassigned')),
  click_id text collate "C",
  deal_id text collate "C",
  deal_version int,
  payout_minor bigint,
  payout_currency text,
  settled_at timestamptz not null default now(),
  primary key (operator_id, event_id)
) with (fillfactor = 90);
create index event_outcomes_status on event_outcomes (operator_id, status, event_id)
  where status in ('rejected', 'set_aside', 'voided');
create index event_outcomes_set_aside on event_outcomes (operator_id, reason, event_id)
  where status = 'set_aside';
create index event_outcomes_of_batch on event_outcomes (operator_id, batch_id) where status <> 'settled';
create index event_outcomes_orphaned on event_outcomes (operator_id, event_id) include (reason)
  where status = 'orphaned';
-- An affiliate's events, so that a version of its own deal rates those alone again. Its columns
-- never change.
create index event_outcomes_affiliate on event_outcomes (operator_id, affiliate_id, event_id)
  where affiliate_id is not null;
comment on table event_outcomes is
  'how an event was settled; without a row it is accepted and not settled yet';
comment on column event_outcomes.status is
  'orphaned: no affiliate or conversion found yet; set_aside: reason says why, such as no_exchange_rate';
comment on column event_outcomes.batch_id is 'the batch that settled it last';
comment on column event_outcomes.method is 'by what the event was attributed';
comment on column event_outcomes.deal_version is 'version of deal_id by which the event is rated now';
comment on column event_outcomes.payout_minor is 'the sum reported to the affiliate for this event so far';
select estimate_tenants_alike('event_outcomes');

create table reported_to_others (
  operator_id text collate "C" not null,
  event_id text collate "C" not null,
  affiliate_id text collate "C" not null,
  payout_minor bigint not null,
  payout_currency text not null,
  primary key (operator_id, event_id, affiliate_id)
);
comment on table reported_to_others is
  'the sum reported for a conversion so far to a parent or a former affiliate; that of its own affiliate is in event_outcomes';
select estimate_tenants_alike('reported_to_others');

create table change_requests (
  operator_id text collate "C" not null references operators,
  event_id text collate "C" not null,
  reason text not null,
  requested_at timestamptz not null default now(),
  waits_for text,
  primary key (operator_id, event_id, reason)
);
create index change_requests_next on change_requests (operator_id, requested_at, event_id)
  where waits_for is null;
comment on table change_requests is
  'settled conversions to rate again, since something about them changed; deleted once that is done';
comment on column change_requests.reason is 'what changed; affiliates are told it with the difference';
comment on column change_requests.waits_for is
  'why the conversion could not be rated again, such as no_exchange_rate; null: it is done next';
select estimate_tenants_alike('change_requests');

create table retries_wanted (
  operator_id text collate "C" not null references operators,
  reason text not null,
  wanted_at timestamptz not null default now(),
  settling_until timestamptz,
  primary key (operator_id, reason)
);
comment on table retries_wanted is
  'reasons of set-aside events that may settle now, as after a new exchange rate; deleted once tried';
comment on column retries_wanted.settling_until is
  'a retry is under way, and notes this again by then; null, or in the past: somebody must ask for one';
select estimate_tenants_alike('retries_wanted');

create table set_aside_shown (
  operator_id text collate "C" not null references operators,
  reason text not null,
  digest text not null,
  primary key (operator_id, reason)
);
comment on table set_aside_shown is
  'the set-aside events that the workflow of their reason shows; the sweep wakes it when they differ';
comment on column set_aside_shown.digest is 'number of the events and a hash of their ids';
select estimate_tenants_alike('set_aside_shown');

create table sweep_marks (
  name text primary key,
  through timestamptz not null
);
comment on table sweep_marks is
  'received_at up to which the sweep found every event settled, or noted it in unsettled_events';

create table unsettled_events (
  operator_id text collate "C" not null references operators,
  event_id text collate "C" not null,
  received_at timestamptz not null,
  looked_at timestamptz not null default now(),
  primary key (operator_id, event_id)
);
create index unsettled_events_next on unsettled_events (looked_at);
comment on table unsettled_events is
  'events that the mark of the sweep passed unsettled, so that one which never settles does not hold it up; '
  'deleted once settled';
comment on column unsettled_events.looked_at is 'when the sweep looked at it last; those it saw longest ago come next';
select estimate_tenants_alike('unsettled_events');

-- Keeps the history of operators.timezone. Takes the reversal lock alone (store/db/locks.ts), so
-- that no event is settled by the former zone meanwhile. The new zone begins now, or after the last
-- event that lies ahead of now by its own time or by the clock that received it: its month must not
-- move. Without any event there is no month to keep, and the zone holds from the beginning.
create function date_time_zone() returns trigger language plpgsql as $$
declare
  starts timestamptz := '-infinity';
  ahead timestamptz;
begin
  perform pg_advisory_xact_lock(hashtextextended('reversals ' || new.id, 0));
  if exists (select from events where operator_id = new.id) then
    ahead := greatest(
      (select max(occurred_at) from events where operator_id = new.id and occurred_at > received_at),
      (select max(occurred_at) from events
       where operator_id = new.id and id > id_bound('evt', clock_timestamp())));
    starts := greatest(date_trunc('milliseconds', clock_timestamp()), ahead + interval '1 millisecond',
      (select max(since) from operator_zones where operator_id = new.id));
  end if;
  insert into operator_zones (operator_id, since, zone) values (new.id, starts, new.timezone)
  on conflict (operator_id, since) do update set zone = excluded.zone;
  return null;
end $$;
create trigger first_time_zone after insert on operators for each row execute function date_time_zone();
create trigger next_time_zone after update of timezone on operators for each row
  when (new.timezone <> old.timezone) execute function date_time_zone();

create table imports (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  state text not null default 'receiving' check (state in ('receiving', 'running', 'done', 'cancelled')),
  columns text[] not null,
  is_dry_run boolean not null,
  total int not null default 0,
  done int not null default 0,
  accepted int not null default 0,
  duplicates int not null default 0,
  refused int not null default 0,
  next_chunk int not null default 0,
  actor text not null,
  content_hash bytea,
  idempotency_key text collate "C",
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (operator_id, id),
  unique (operator_id, idempotency_key),
  constraint finished_when_over check ((finished_at is null) = (state in ('receiving', 'running')))
);
create index imports_running on imports (operator_id, id) where state = 'running';
comment on table imports is 'files of events that operators sent, taken in line by line';
comment on column imports.state is 'receiving: the file is still on its way; one that never came whole is purged';
comment on column imports.columns is 'fields of an event, in the order of the cells of a line';
comment on column imports.next_chunk is 'progress: every chunk before it was taken in';
comment on column imports.actor is 'id of the API key';
comment on column imports.content_hash is 'SHA-256 of the file';

create table import_chunks (
  operator_id text collate "C" not null,
  import_id text collate "C" not null,
  number int not null,
  lines json,
  results json,
  statuses text[] not null default '{}',
  primary key (operator_id, import_id, number),
  foreign key (operator_id, import_id) references imports (operator_id, id),
  constraint either_lines_or_results check ((lines is null) <> (results is null))
);
comment on table import_chunks is 'the lines of an import, some hundred in a row; then what became of each';
comment on column import_chunks.lines is
  'cells as they were sent: null as soon as they are taken in, so that nothing of a customer stays here';
comment on column import_chunks.results is 'status, event and issues of each line; purged after a month';
comment on column import_chunks.statuses is 'those that occur in results, to find the refused ones';
select estimate_tenants_alike('import_chunks');

create table erasures (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  state text not null default 'running' check (state in ('running', 'done')),
  customer_id text collate "C",
  erased_id text collate "C",
  renamed boolean not null default false,
  events int not null default 0,
  deliveries int not null default 0,
  after_at timestamptz,
  after_id text collate "C" not null default '',
  actor text not null,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (operator_id, id),
  constraint forgets_at_the_end check (
    (state = 'done') = (customer_id is null) and (state = 'done') = (erased_id is null)
    and (state = 'done') = (finished_at is not null)
  )
);
create unique index erasures_running on erasures (operator_id, customer_id) where state = 'running';
comment on table erasures is 'customers who were erased, or are being erased; who they were goes with the last step';
comment on column erasures.customer_id is 'whom to erase; null once that is done';
comment on column erasures.erased_id is
  'what their events are kept under; null once that is done, so that nothing leads from one to the other';
comment on column erasures.renamed is 'the events have that id; what was made from them is looked through next';
comment on column erasures.events is 'events looked through so far; deliveries: postbacks about them that were emptied';
comment on column erasures.after_at is 'progress: with after_id the last event looked through, by the order of its time';
comment on column erasures.actor is 'id of the API key';
select estimate_tenants_alike('erasures');
