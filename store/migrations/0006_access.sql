-- Access: keys of an affiliate, and sessions of the console and the portal.

alter table api_keys
  add column affiliate_id text collate "C",
  add foreign key (operator_id, affiliate_id) references affiliates;
comment on column api_keys.affiliate_id is
  'the key reads and changes only what is this affiliate''s own; null: a key of the whole operator';

create table sessions (
  token_hash bytea primary key,
  operator_id text collate "C",
  key_id text collate "C",
  affiliate_id text collate "C",
  scopes text[] not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  foreign key (operator_id, key_id) references api_keys,
  foreign key (operator_id, affiliate_id) references affiliates,
  check ((operator_id is null) = (key_id is null)),
  check (operator_id is not null or affiliate_id is null)
);
create index on sessions (expires_at);
comment on table sessions is
  'sign-ins to the console and the portal, and links to the portal; each ends with the key that it was made with';
comment on column sessions.token_hash is
  'SHA-256 of the token, 256 random bits; of an administrator keyed with ADMIN_TOKEN, so that a new one ends it';
comment on column sessions.operator_id is 'null: the administrator';
comment on column sessions.affiliate_id is 'the affiliate of a link to the portal, and of sessions that it began; null: that of the key, if any';

create table audit_log (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  at timestamptz not null,
  by text not null check (by in ('key', 'session', 'portal', 'administrator')),
  key_id text collate "C",
  affiliate_id text collate "C",
  method text not null,
  route text not null,
  subject_id text,
  primary key (operator_id, id)
);
create index on audit_log (at);
select estimate_tenants_alike('audit_log');
comment on table audit_log is 'who changed what: requests that were done, without anything of their bodies';
comment on column audit_log.key_id is 'the key, of a session or a link to the portal that of its maker; null: the administrator';
comment on column audit_log.affiliate_id is 'the affiliate to whom the caller was confined';
comment on column audit_log.route is 'the pattern of the path; subject_id is the id in it, or of what was made';
