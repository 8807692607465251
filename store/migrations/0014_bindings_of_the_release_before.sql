-- Workers of a release before `bindings.occurred_at` bind customers too while they are replaced.

create function date_binding() returns trigger language plpgsql as $$
begin
  new.occurred_at := coalesce((select date_trunc('milliseconds', e.occurred_at) from events e
    where e.operator_id = new.operator_id and e.id = new.event_id), new.since);
  return new;
end $$;
create trigger date_binding before insert on bindings
  for each row when (new.occurred_at is null) execute function date_binding();
