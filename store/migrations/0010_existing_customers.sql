-- Operators know since when they ignore existing customers: bindings made before stay.

alter table operators add column existing_ignored_since timestamptz;
comment on column operators.existing_ignored_since is
  'since when existing_customers is ignore; an older event of a customer that comes late ends only bindings '
  'that were made from then on';
update operators set existing_ignored_since = now() where existing_customers = 'ignore';

create function date_existing_customers() returns trigger language plpgsql as $$
begin
  new.existing_ignored_since := case when new.existing_customers = 'ignore' then now() end;
  return new;
end $$;
create trigger date_existing_customers before update of existing_customers on operators
  for each row when (new.existing_customers is distinct from old.existing_customers)
  execute function date_existing_customers();
