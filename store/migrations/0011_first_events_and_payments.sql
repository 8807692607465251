-- The event that occurred first binds its customer, whichever arrived first: a binding knows when its
-- event occurred, and which clicks had bound the customer before. Reports count a payment that was
-- told as ftd and as deposit once, so a change of the one is a change of the other.

alter table bindings add column occurred_at timestamptz, add column former_clicks text[];
update bindings b set occurred_at = date_trunc('milliseconds', e.occurred_at)
  from events e where e.operator_id = b.operator_id and e.id = b.event_id;
update bindings set occurred_at = since where occurred_at is null;
alter table bindings alter column occurred_at set not null;
comment on column bindings.occurred_at is 'when the event that bound the customer occurred: an earlier one replaces it';
comment on column bindings.former_clicks is
  'clicks of the bindings that this one replaced, empty text where there was none; null once the events that '
  'they decided about are judged anew';

create or replace function recount_event() returns trigger language plpgsql as $$
begin
  insert into report_recounts (operator_id, received_on)
  select new.operator_id, (id_moment(new.event_id) at time zone 'UTC')::date
  union
  select d.operator_id, (id_moment(d.id) at time zone 'UTC')::date
  from events f join events d on d.operator_id = f.operator_id and d.key = f.key and d.key_kind = f.key_kind
    and d.type = 'deposit'
  where f.operator_id = new.operator_id and f.id = new.event_id and f.type = 'ftd' and f.key_kind = 'transaction';
  return null;
end $$;
