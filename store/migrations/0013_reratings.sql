-- What a changed agreement or a new exchange rate leaves to do: settled conversions to be rated again, and events set aside to be tried again.

create table reratings (
  operator_id text collate "C" not null,
  deal_id text collate "C" not null,
  version int not null,
  after text collate "C" not null default '',
  looked_at int not null default 0,
  changed int not null default 0,
  kept int not null default 0,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (operator_id, deal_id, version),
  foreign key (operator_id, deal_id, version) references deal_versions (operator_id, deal_id, version)
);
comment on table reratings is 'deal versions that began before something was settled, and how far what was settled has been looked through';
comment on column reratings.after is 'the last event looked at; the next chunk goes on behind it';
comment on column reratings.kept is 'conversions left as they were: what they need (an exchange rate, a payout) is not there, or they were paid in another currency';
create index reratings_unfinished on reratings (created_at) where finished_at is null;

create table retries_wanted (
  operator_id text collate "C" not null references operators,
  reason text not null,
  wanted_at timestamptz not null default now(),
  primary key (operator_id, reason)
);
comment on table retries_wanted is 'reasons whose events set aside may settle now; gone once they were tried';

-- An affiliate's events, so that a version of its own deal looks through those alone. Nothing that changes later is in it.
create index event_outcomes_affiliate on event_outcomes (operator_id, affiliate_id, event_id) where affiliate_id is not null;

select estimate_tenants_alike(name) from unnest(array['reratings', 'retries_wanted']) as name;
