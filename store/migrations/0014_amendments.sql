-- Events that their operator sent wrong and amended: every version is kept, and one of them is in force. Besides, how many conversions a slot
-- counts (those that went elsewhere left their facts), when an operator last signed a request, and an index by which contents whose repeats nobody waits for any more are found.

create table amendments (
  operator_id text collate "C" not null,
  event_id text collate "C" not null,
  number int not null check (number > 0),
  amount_minor bigint,
  currency text,
  volume_e4 bigint,
  payout_minor bigint,
  metadata json,
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
comment on table amendments is 'what an event''s values are to be in place of those it was sent with, which stay in events; whole, whatever was amended';
comment on column amendments.state is 'accepted: not booked yet; waiting: what waits_for names is missing; superseded: a later one was booked in its place';
comment on column amendments.in_force is 'the values the event has now: those of its last applied amendment';
create unique index amendments_in_force on amendments (operator_id, event_id) where in_force;
create index amendments_due on amendments (operator_id, amended_at) where state = 'accepted';
create index amendments_waiting on amendments (operator_id) where state = 'waiting';

alter table slots add column conversions_count int not null default 0;
comment on column slots.conversions_count is 'conversions that count in it; one that is paid for elsewhere now left its facts';

alter table operators add column last_signed_at timestamptz;
comment on column operators.last_signed_at is 'when a signed request of it was last found genuine, to the minute';

create index content_holders_until on content_holders (held_until);

select estimate_tenants_alike('amendments');
