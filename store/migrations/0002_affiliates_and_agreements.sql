-- Affiliates and the evidence that attributes customers to them: links, clicks, coupons,
-- assignments, bindings. And what was agreed with affiliates: deals with their versions, exchange
-- rates, reratings.

create table affiliates (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  name text not null,
  external_id text,
  state text not null default 'active' check (state in ('active', 'suspended', 'closed')),
  closed_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (operator_id, id),
  unique (operator_id, external_id),
  constraint affiliates_closed_at check ((state = 'closed') = (closed_at is not null))
);
comment on column affiliates.external_id is 'the affiliate''s id at the operator';
comment on column affiliates.state is
  'suspended: earns, and is not paid; closed: nothing that occurs from closed_at on is attributed to it';

create table affiliate_parents (
  operator_id text collate "C" not null,
  affiliate_id text collate "C" not null,
  since timestamptz not null,
  number bigint generated always as identity,
  parent_id text collate "C",
  created_at timestamptz not null default now(),
  primary key (operator_id, affiliate_id, since, number),
  foreign key (operator_id, affiliate_id) references affiliates (operator_id, id),
  foreign key (operator_id, parent_id) references affiliates (operator_id, id),
  check (parent_id <> affiliate_id)
);
select make_append_only('affiliate_parents');
comment on table affiliate_parents is
  'who is paid overrides of what an affiliate earns, and from when on; each row holds until the next since';
comment on column affiliate_parents.since is '-infinity: from the beginning';
comment on column affiliate_parents.number is 'of two rows with one since the greater number counts';
comment on column affiliate_parents.parent_id is 'null: no parent from since on';
select estimate_tenants_alike('affiliate_parents');

create table links (
  operator_id text collate "C" not null,
  id text collate "C" not null unique,
  affiliate_id text collate "C" not null,
  landing_url text not null,
  params jsonb not null default '{}',
  deep_link_hosts text[] not null default '{}',
  state text not null default 'active' check (state in ('active', 'off')),
  created_at timestamptz not null default now(),
  primary key (operator_id, id),
  foreign key (operator_id, affiliate_id) references affiliates (operator_id, id)
);
comment on column links.id is 'public: looked up without its operator, so unique across operators';
comment on column links.state is 'off: leads nowhere, and counts no click';
comment on column links.params is 'query parameters added to the landing page''s address, with macros';
comment on column links.deep_link_hosts is
  'hosts that ?to= may lead to, as shop.example, *.shop.example or shop.example:8443; none: landing_url only';

create table clicks (
  operator_id text collate "C" not null,
  id text collate "C" not null,
  link_id text collate "C",
  affiliate_id text collate "C" not null,
  sub1 text, sub2 text, sub3 text, sub4 text, sub5 text,
  clicked_at timestamptz not null,
  received_at timestamptz not null default now(),
  is_bot boolean not null default false,
  seen_at timestamptz,
  primary key (operator_id, id)
) partition by range (id);
create table clicks_other partition of clicks default;
select ensure_partitions('clicks', 'clk');
create index clicks_affiliate on clicks (operator_id, affiliate_id, id);
create index clicks_public on clicks (id);
comment on index clicks_public is 'the capture script knows a click by its id alone';
comment on column clicks.id is
  'ours, or the operator''s own for a back-filled click; ids not of our form lie in clicks_other';
comment on column clicks.sub1 is 'sub1 to sub5: the affiliate''s own marks, carried through unchanged';
comment on column clicks.is_bot is
  'the browser said it is a program; the click is kept and marked, so that counts can leave it out';
comment on column clicks.seen_at is
  'when the capture script on the operator''s site reported the arrival; null: never';
select estimate_tenants_alike(name) from unnest(array['clicks', 'clicks_other']) as name;

create table coupons (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  code text collate "C" not null check (code ~ '^[!-~]{1,64}$'),
  affiliate_id text collate "C" not null,
  binds_customer boolean not null,
  starts_at timestamptz,
  ends_at timestamptz check (ends_at > starts_at),
  created_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (operator_id, id),
  foreign key (operator_id, affiliate_id) references affiliates (operator_id, id)
);
create unique index coupons_code on coupons (operator_id, upper(code)) where deleted_at is null;
comment on table coupons is
  'codes that name an affiliate, in any case; a deleted one attributes nothing more and explains what it did';
comment on column coupons.binds_customer is 'whether an event with the coupon binds its customer for ever';
comment on column coupons.starts_at is
  'the coupon counts for events that occurred from starts_at to before ends_at; null: without that bound';
select estimate_tenants_alike('coupons');

create table assignments (
  operator_id text collate "C" not null,
  event_id text collate "C" not null,
  affiliate_id text collate "C" not null,
  from_at timestamptz,
  actor text not null,
  assigned_at timestamptz not null default now(),
  primary key (operator_id, event_id),
  foreign key (operator_id, affiliate_id) references affiliates (operator_id, id)
);
select make_append_only('assignments');
comment on table assignments is 'orphans given to an affiliate by hand: evidence for the next settling';
comment on column assignments.from_at is
  'since when the customer belongs to the affiliate; null: since the orphan occurred';
comment on column assignments.actor is 'id of the API key';
select estimate_tenants_alike('assignments');

create table bindings (
  operator_id text collate "C" not null,
  customer_id text collate "C" not null,
  affiliate_id text collate "C" not null,
  event_id text collate "C" not null,
  click_id text collate "C",
  link_id text collate "C",
  sub1 text, sub2 text, sub3 text, sub4 text, sub5 text,
  clicked_at timestamptz,
  since timestamptz not null,
  batch_id text collate "C" not null,
  bound_at timestamptz not null default now(),
  primary key (operator_id, customer_id)
);
create index bindings_batch on bindings (operator_id, batch_id);
create index bindings_click on bindings (operator_id, click_id) where click_id is not null;
comment on table bindings is
  'the affiliate a customer belongs to for ever; a copy of its click, since old clicks are dropped';
comment on column bindings.since is
  'the binding counts for events that occurred since: its click, the from of its assignment, or its event';
comment on column bindings.event_id is
  'the event that bound the customer; batch_id is the batch that settled it';
select estimate_tenants_alike('bindings');

-- The customer whom a click bound; of several, the one of the first event. Null when it bound none.
create function customer_of_click(operator text, click text) returns text language plpgsql stable as $$
begin
  return (select customer_id from bindings
    where operator_id = operator and click_id = click order by event_id limit 1);
end $$;

create table reassignments (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  customer_id text collate "C" not null,
  affiliate_id text collate "C" not null,
  from_at timestamptz not null,
  reason text not null,
  actor text not null,
  created_at timestamptz not null default now(),
  primary key (operator_id, id),
  foreign key (operator_id, affiliate_id) references affiliates (operator_id, id)
);
create index reassignments_customer on reassignments (operator_id, customer_id, from_at, id);
select make_append_only_but('reassignments', 'customer_id', 'reason');
comment on table reassignments is
  'customers given to another affiliate by hand: events that occurred from from_at on belong to it';
comment on column reassignments.actor is 'id of the API key';
select estimate_tenants_alike('reassignments');

create table deals (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  name text not null,
  affiliate_id text collate "C",
  ended_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (operator_id, id),
  foreign key (operator_id, affiliate_id) references affiliates (operator_id, id)
);
create index deals_affiliate on deals (operator_id, affiliate_id);
comment on column deals.affiliate_id is
  'null: the operator''s default for affiliates without a deal of their own';

comment on column deals.ended_at is
  'events that occurred from then on are rated by no version of the deal; null: it goes on';

create table deal_versions (
  operator_id text collate "C" not null,
  deal_id text collate "C" not null,
  version int not null,
  effective_from timestamptz not null,
  applies_to text not null default 'events' check (applies_to in ('events', 'new_customers')),
  terms jsonb not null,
  created_at timestamptz not null default now(),
  primary key (operator_id, deal_id, version),
  unique (operator_id, deal_id, effective_from),
  foreign key (operator_id, deal_id) references deals (operator_id, id)
);
select make_append_only('deal_versions');
comment on column deal_versions.effective_from is
  'events that occurred from then on are rated by this version';
comment on column deal_versions.applies_to is
  'new_customers: rates only events of customers who were bound from effective_from on';
comment on column deal_versions.terms is 'as given over the API; read by domain/commission/terms.ts';

create table fx_rates (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  base text not null,
  quote text not null,
  rate numeric(24, 12) not null check (rate > 0),
  source text not null,
  as_of timestamptz not null,
  actor text not null,
  created_at timestamptz not null default now(),
  primary key (operator_id, id),
  check (base <> quote)
);
create index fx_rates_pair on fx_rates (operator_id, base, quote, as_of, id desc);
select make_append_only('fx_rates');
comment on table fx_rates is
  'one unit of base is rate units of quote from as_of on; of one pair and as_of the last row holds, and '
  'the rows before it show what past bookings used';
comment on column fx_rates.source is 'where the operator has the rate from';
comment on column fx_rates.actor is 'id of the API key';
select estimate_tenants_alike('fx_rates');

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
create index reratings_unfinished on reratings (created_at) where finished_at is null;
comment on table reratings is
  'deal versions dated before settled conversions, and how far those conversions were rated again';
comment on column reratings.after is 'id of the last event looked at; the next chunk goes on behind it';
comment on column reratings.kept is
  'conversions left as they were: a rate or a payout is missing, or they were paid in another currency';
select estimate_tenants_alike('reratings');
