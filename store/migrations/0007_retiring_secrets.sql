-- Rotation: a secret that was replaced signs on beside the new one until its time ends, so that its receiver need not change at the same moment.

alter table endpoints add column public_key text;
comment on column endpoints.public_key is 'of an endpoint that signs with ed25519 (v1a): what its receiver verifies with; null where the secret is shared';

create table retiring_secrets (
  operator_id text collate "C" not null,
  endpoint_id text collate "C" not null,
  replaced_at timestamptz not null default clock_timestamp(),
  secret bytea not null,
  ends_at timestamptz not null,
  primary key (operator_id, endpoint_id, replaced_at),
  foreign key (operator_id, endpoint_id) references endpoints (operator_id, id)
);
comment on column retiring_secrets.secret is 'sealed by the secret box, for its endpoint, as endpoints.secret was';

select estimate_tenants_alike('retiring_secrets');
