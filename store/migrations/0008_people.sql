-- Changes of people and agreements: states of affiliates and links, parents with dates, ends of
-- deals, versions for new customers, and customers given to another affiliate.

alter table affiliates
  add column state text not null default 'active' check (state in ('active', 'suspended', 'closed')),
  add column closed_at timestamptz,
  add constraint affiliates_closed_at check ((state = 'closed') = (closed_at is not null));
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

insert into affiliate_parents (operator_id, affiliate_id, since, parent_id)
select operator_id, id, '-infinity', parent_id from affiliates where parent_id is not null
order by operator_id, id;
comment on column affiliates.parent_id is
  'the parent at the last change of it, which the previous release reads; affiliate_parents is what counts';

-- The previous release knows affiliates.parent_id alone. A release that has dated parents writes
-- the history first, and then the column, which says nothing new by then.
create function keep_parent_history() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    insert into affiliate_parents (operator_id, affiliate_id, since, parent_id)
    values (new.operator_id, new.id, '-infinity', new.parent_id);
  elsif new.parent_id is distinct from (
    select p.parent_id from affiliate_parents p
    where p.operator_id = new.operator_id and p.affiliate_id = new.id and p.since <= statement_timestamp()
    order by p.since desc, p.number desc limit 1
  ) then
    insert into affiliate_parents (operator_id, affiliate_id, since, parent_id)
    values (new.operator_id, new.id, date_trunc('milliseconds', statement_timestamp()), new.parent_id);
  end if;
  return null;
end $$;
create trigger parent_of_new after insert on affiliates
  for each row when (new.parent_id is not null) execute function keep_parent_history();
create trigger parent_changed after update on affiliates
  for each row when (new.parent_id is distinct from old.parent_id) execute function keep_parent_history();

alter table links add column state text not null default 'active' check (state in ('active', 'off'));
comment on column links.state is 'off: leads nowhere, and counts no click';

alter table deals add column ended_at timestamptz;
comment on column deals.ended_at is
  'events that occurred from then on are rated by no version of the deal; null: it goes on';

alter table deal_versions
  add column applies_to text not null default 'events' check (applies_to in ('events', 'new_customers'));
comment on column deal_versions.applies_to is
  'new_customers: rates only events of customers who were bound from effective_from on';

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
select make_append_only('reassignments');
comment on table reassignments is
  'customers given to another affiliate by hand: events that occurred from from_at on belong to it';
comment on column reassignments.actor is 'id of the API key';
select estimate_tenants_alike('reassignments');
