-- The fields of a form body that an endpoint's owner chose. `json`, not `jsonb`, keeps them in the order in which they were given.
alter table endpoints add column form json;
comment on column endpoints.form is 'templates by field name, for body form; null: every field of data and of the envelope';
