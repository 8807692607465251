-- Where clicks come from and what else shows whose customer somebody is: hosts a link may lead to, marks on clicks, coupons, affiliates assigned by
-- hand. And the end of old months.

alter table links add column deep_link_hosts text[] not null default '{}';
comment on column links.deep_link_hosts is 'hosts that ?to= may lead to, such as shop.example, *.shop.example or shop.example:8443; none: the landing page only';

alter table clicks add column is_bot boolean not null default false, add column seen_at timestamptz;
comment on column clicks.is_bot is 'the browser said it is a program; kept and marked, so that counts can leave it out';
comment on column clicks.seen_at is 'when the capture script on the operator''s site told us that the click arrived there; null: it never came back';
comment on column clicks.id is 'ours, or the operator''s own where a click was back-filled; those without our form of id lie in clicks_other';
create index clicks_affiliate on clicks (operator_id, affiliate_id, id);
create index clicks_public on clicks (id);
comment on index clicks_public is 'the capture script knows a click by its id alone';

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
comment on table coupons is 'codes that name an affiliate; customers type them in any case; a deleted one attributes nothing more and explains what it did';
comment on column coupons.starts_at is 'a coupon counts for events that occurred from here to before its end; null: since ever, for ever';

create table assignments (
  operator_id text collate "C" not null,
  event_id text collate "C" not null,
  affiliate_id text collate "C" not null,
  actor text not null,
  assigned_at timestamptz not null default now(),
  primary key (operator_id, event_id),
  foreign key (operator_id, affiliate_id) references affiliates (operator_id, id)
);
comment on table assignments is 'orphans given to an affiliate by hand: the evidence that settling then finds';
comment on column assignments.actor is 'the API key that was used';
create trigger append_only before update or delete on assignments for each row execute function refuse_change();
create trigger append_only_whole before truncate on assignments for each statement execute function refuse_change();

create index event_outcomes_orphaned on event_outcomes (operator_id, event_id) include (reason) where status = 'orphaned';

-- Drops the oldest month of a partitioned table if all of it lies before a moment. One month at a time: each takes the whole table's lock.
create function drop_oldest_partition(parent text, moment timestamptz) returns text language plpgsql as $$
declare
  oldest text;
begin
  select c.relname into oldest from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = parent::regclass and c.relname ~ ('^' || parent || '_\d{4}_\d{2}$')
    and to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' <= moment at time zone 'UTC'
  order by c.relname limit 1;
  if oldest is not null then
    execute format('drop table %I', oldest);
  end if;
  return oldest;
end $$;

select estimate_tenants_alike(name) from unnest(array['coupons', 'assignments']) as name;
