-- The books: slots (things that can be earned) with the facts about them, and the transfers that bring each to its target.
-- One row is one transfer: debit, credit, a positive amount. An unbalanced posting cannot be written down.
-- A transfer between accounts that are not there, or of another currency, is refused by one check per statement: accounts are never changed or
-- removed, so a foreign key's check per row would only cost (half of the insert). The rows of a settling transaction refer to rows that the same
-- transaction wrote or read, so keys between those would only cost too; the audit compares them.

create table slots (
  operator_id text collate "C" not null,
  id text collate "C" not null,
  key text collate "C" not null,
  affiliate_id text collate "C" not null,
  deal_id text collate "C" not null,
  deal_version int not null,
  component text not null,
  kind text not null check (kind in ('cpa', 'percent', 'revshare', 'per_lot')),
  period text,
  currency text not null,
  basis_minor bigint not null default 0,
  volume_e4 bigint not null default 0,
  facts_count int not null default 0,
  facts_hash bigint not null default 0,
  gross_minor bigint not null default 0 check (gross_minor >= 0),
  void_minor bigint not null default 0 check (void_minor >= 0),
  pending_minor bigint not null default 0 check (pending_minor >= 0),
  payable_minor bigint not null default 0 check (payable_minor >= 0),
  clawed_minor bigint not null default 0 check (clawed_minor >= 0),
  in_payout_minor bigint not null default 0 check (in_payout_minor >= 0),
  paid_minor bigint not null default 0 check (paid_minor >= 0),
  debt_minor bigint not null default 0 check (debt_minor >= 0),
  transfers_count int not null default 0,
  ratings_count int not null default 0,
  hold_until timestamptz not null,
  created_at timestamptz not null default now(),
  primary key (operator_id, id),
  unique (operator_id, key),
  constraint parts_add_up check (gross_minor = void_minor + pending_minor + payable_minor + clawed_minor + in_payout_minor + paid_minor),
  constraint never_more_back_than_given check (void_minor + clawed_minor + debt_minor <= gross_minor)
) with (fillfactor = 80);
comment on column slots.key is 'what is earned, in words: kind, deal, component and customer, event or month; made by domain/keys.ts';
comment on column slots.component is 'label of the component in the deal''s terms, such as cpa:ftd';
comment on column slots.deal_version is 'that of its facts; for a CPA that of the first event, which decides';
comment on column slots.basis_minor is 'running sum over the facts, kept under the row''s lock so that a busy month does not read its facts again; audit recomputes it';
comment on column slots.facts_hash is 'XOR of a hash of each fact: two histories with the same facts agree, whatever their order';
comment on column slots.debt_minor is 'cumulative: what was reversed after it was reserved or paid; what is still owed is the affiliate''s balance of debt';

create table slot_facts (
  operator_id text collate "C" not null,
  original_event_id text collate "C" not null,
  slot_id text collate "C" not null,
  event_id text collate "C" not null,
  type text not null,
  whole boolean not null,
  amount_minor bigint not null,
  volume_e4 bigint not null,
  deal_version int not null,
  occurred_at timestamptz not null,
  batch_id text collate "C" not null,
  primary key (operator_id, original_event_id, slot_id, event_id)
);
comment on table slot_facts is 'the set a slot''s target is a function of; original_event_id is the conversion, event_id the event that says something about it (itself, or what takes it back)';
comment on column slot_facts.whole is 'false where only amount_minor of the conversion is taken back';
create index slot_facts_slot on slot_facts (operator_id, slot_id);

create table ratings (
  operator_id text collate "C" not null,
  slot_id text collate "C" not null,
  seq int not null,
  batch_id text collate "C" not null,
  deal_version int not null,
  facts_count int not null,
  facts_hash bigint not null,
  target_minor bigint not null,
  formula text not null,
  inputs json not null,
  rated_at timestamptz not null default now(),
  primary key (operator_id, slot_id, seq)
);
comment on table ratings is 'why a slot has its target: one row per slot and batch, which a partner can be shown';

create table accounts (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  purpose text not null check (purpose in ('expense', 'cash', 'write_off', 'adjustment', 'fx', 'pending', 'payable', 'in_payout', 'debt', 'negative_carry')),
  affiliate_id text collate "C",
  currency text not null,
  exponent int not null check (exponent between 0 and 8),
  created_at timestamptz not null default now(),
  primary key (operator_id, id, currency),
  unique nulls not distinct (operator_id, purpose, affiliate_id, currency),
  foreign key (operator_id, affiliate_id) references affiliates (operator_id, id)
);
comment on column accounts.id is 'purpose and owner in words; made by domain/keys.ts, so that no look-up is needed to post';

create table transfers (
  operator_id text collate "C" not null,
  id text collate "C" not null,
  posting_group text collate "C" not null,
  currency text not null,
  debit_account text collate "C" not null,
  credit_account text collate "C" not null,
  amount_minor bigint not null check (amount_minor > 0),
  code text not null,
  affiliate_id text collate "C",
  slot_id text collate "C",
  slot_seq int,
  event_id text collate "C",
  idempotency_key text collate "C",
  actor text,
  reason text,
  occurred_at timestamptz not null,
  posted_at timestamptz not null,
  period text not null,
  origin_period text not null,
  primary key (operator_id, id),
  unique (operator_id, slot_id, slot_seq),
  check (debit_account <> credit_account),
  check ((slot_id is null) = (slot_seq is null))
);
create unique index transfers_idempotency on transfers (operator_id, idempotency_key) where idempotency_key is not null;
create index transfers_affiliate on transfers (operator_id, affiliate_id, id);
comment on column transfers.period is 'month of the statement it belongs to; origin_period is the month of what it is about';

create function refuse_unknown_accounts() returns trigger language plpgsql as $$
begin
  if exists (
    select from (
      select operator_id, debit_account as id, currency from added union select operator_id, credit_account, currency from added
    ) as posted
    where not exists (
      select from accounts a where a.operator_id = posted.operator_id and a.id = posted.id and a.currency = posted.currency
    )
  ) then
    raise exception 'a transfer between accounts that are not there'
      using errcode = 'foreign_key_violation', constraint = 'transfers_between_accounts';
  end if;
  return null;
end $$;
create trigger between_accounts after insert on transfers referencing new table as added
  for each statement execute function refuse_unknown_accounts();

create table balances (
  operator_id text collate "C" not null,
  affiliate_id text collate "C" not null,
  currency text not null,
  pending_minor bigint not null default 0,
  payable_minor bigint not null default 0,
  in_payout_minor bigint not null default 0,
  paid_minor bigint not null default 0,
  debt_minor bigint not null default 0,
  primary key (operator_id, affiliate_id, currency)
) with (fillfactor = 50);
comment on table balances is 'a cache of the transfers, updated with them and compared by the audit';

create trigger append_only before update or delete on slot_facts for each row execute function refuse_change();
create trigger append_only_whole before truncate on slot_facts for each statement execute function refuse_change();
create trigger append_only before update or delete on ratings for each row execute function refuse_change();
create trigger append_only_whole before truncate on ratings for each statement execute function refuse_change();
create trigger append_only before update or delete on accounts for each row execute function refuse_change();
create trigger append_only_whole before truncate on accounts for each statement execute function refuse_change();
create trigger append_only before update or delete on transfers for each row execute function refuse_change();
create trigger append_only_whole before truncate on transfers for each statement execute function refuse_change();

select estimate_tenants_alike(name) from unnest(array['slots', 'slot_facts', 'ratings', 'accounts', 'transfers', 'balances']) as name;
