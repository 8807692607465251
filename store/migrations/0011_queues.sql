-- What is told of an endpoint that fails, what a postback's next try is for, and replays: postbacks sent again by a filter.

alter table endpoints add column notices_sent int not null default 0;
comment on column endpoints.notices_sent is 'how often its operator was told that it fails, since failing_since';

-- A notice about the operator's own webhook is about no affiliate.
alter table deliveries alter column affiliate_id drop not null;
alter table deliveries add column next_cause text check (next_cause in ('manual', 'replay'));
alter table deliveries add column replay_id text collate "C";
comment on column deliveries.next_cause is 'why its next try is made, where that is not the schedule; cleared by that try';
comment on column deliveries.replay_id is 'the last replay that sent it again';
comment on column deliveries.original_event_id is 'the conversion it is about, whose postbacks go out in order; of a notice, the endpoint or postback it is about';
create index deliveries_replayed on deliveries (operator_id, replay_id) where replay_id is not null;

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
  released int not null default 0,
  after_id text collate "C" not null default '',
  through_id text collate "C" not null,
  next_step_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (operator_id, id),
  constraint finished_when_not_running check ((finished_at is null) = (state = 'running'))
);
create index replays_running on replays (operator_id, id) where state = 'running';
comment on column replays.after_id is 'how far it is: every postback up to this one was looked at';
comment on column replays.through_id is 'the last postback there was when it began; later ones are not sent again';
comment on column replays.next_step_at is 'before then its rate releases no more';
