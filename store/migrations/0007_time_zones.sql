-- Time zones are dated: the month of a conversion is that of the zone in force when it happened, so
-- a later change of the setting moves nothing.

create table operator_zones (
  operator_id text collate "C" not null references operators,
  since timestamptz not null,
  zone text not null,
  primary key (operator_id, since)
);
comment on table operator_zones is
  'time zones of an operator, each in force until the next; operators.timezone is the last';
comment on column operator_zones.since is
  'to the millisecond, like events.occurred_at; -infinity for the first';
select estimate_tenants_alike('operator_zones');

insert into operator_zones (operator_id, since, zone) select id, '-infinity', timezone from operators;

-- The month of a moment in an operator's calendar, as `monthByZones` in domain/ledger/periods.ts
-- gives it. In plpgsql, which keeps its plan.
create function month_of(operator text, moment timestamptz) returns text language plpgsql stable as $$
begin
  return (select to_char(moment at time zone z.zone, 'YYYY-MM') from operator_zones z
    where z.operator_id = operator and z.since <= moment order by z.since desc limit 1);
end $$;

-- The moment at which an id was made, to the millisecond: the inverse of id_bound.
create function id_moment(id text) returns timestamptz language plpgsql immutable as $$
declare
  digits text := split_part(id, '_', 2);
  milliseconds bigint := 0;
begin
  for i in 1..10 loop
    milliseconds := milliseconds * 32
      + strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(digits, i, 1)) - 1;
  end loop;
  return to_timestamp(milliseconds / 1000.0);
end $$;

-- Events that say they happened after they were received: as a rule none.
create index events_ahead on events (operator_id, occurred_at) where occurred_at > received_at;

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
comment on column operators.timezone is
  'the present one, by which months of the books begin and end; operator_zones has those before';
