-- Months of an operator's books: when one is closed, what it says stays as it is. Statements say it per affiliate and currency, and each
-- transfer of a closed month is on exactly one of them.

-- A month without a row is open. Months are closed one after the other, so whatever comes after the last row is open.
create table periods (
  operator_id text collate "C" not null references operators,
  period text collate "C" not null check (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
  status text not null check (status in ('closing', 'closed')),
  closing_at timestamptz not null default now(),
  closed_at timestamptz,
  transfers_count bigint,
  seal bytea,
  primary key (operator_id, period),
  constraint sealed_when_closed check ((status = 'closed') = (closed_at is not null and transfers_count is not null and seal is not null))
);
comment on column periods.status is 'closing: takes no more transfers, and its statements are being written; closed: never opens again';
comment on column periods.seal is 'a digest of all transfers of the month in their order (store/seals.ts), which the audit computes again';

create trigger never_changed before update on periods for each row when (old.status = 'closed') execute function refuse_change();
create trigger never_removed before delete on periods for each row execute function refuse_change();
create trigger never_removed_whole before truncate on periods for each statement execute function refuse_change();

-- The advisory lock of an operator's books: who posts shares it, who closes a month has it alone.
create function posting_lock(operator text) returns bigint language sql immutable as $$ select hashtextextended('posting ' || operator, 0) $$;

-- Takes the shared side until the transaction ends, and then looks, in a statement of its own, through which month the books are closed
-- (null: none). Every transaction that posts begins with it.
create function begin_posting(operator text) returns text language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock_shared(posting_lock(operator));
  return (select max(period) from periods where operator_id = operator);
end $$;

-- Should a poster ever not ask, or not listen, the closed month refuses.
create function refuse_closed_periods() returns trigger language plpgsql as $$
declare
  closed text;
begin
  select p.period into closed
  from (select distinct operator_id, period from posted) n join periods p on p.operator_id = n.operator_id and p.period = n.period
  limit 1;
  if found then
    raise exception 'the books of % are closed', closed using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end $$;
create trigger not_into_closed_periods after insert on transfers referencing new table as posted
  for each statement execute function refuse_closed_periods();

create table statements (
  operator_id text collate "C" not null,
  id text collate "C" not null,
  affiliate_id text collate "C" not null,
  currency text not null,
  period text collate "C" not null,
  opening_pending_minor bigint not null,
  opening_payable_minor bigint not null,
  opening_in_payout_minor bigint not null,
  opening_paid_minor bigint not null,
  opening_debt_minor bigint not null,
  closing_pending_minor bigint not null,
  closing_payable_minor bigint not null,
  closing_in_payout_minor bigint not null,
  closing_paid_minor bigint not null,
  closing_debt_minor bigint not null,
  lines_count int not null,
  created_at timestamptz not null default now(),
  primary key (operator_id, id),
  unique (operator_id, affiliate_id, currency, period),
  foreign key (operator_id, affiliate_id) references affiliates (operator_id, id),
  foreign key (operator_id, period) references periods (operator_id, period)
);
create index statements_period on statements (operator_id, period);
comment on column statements.opening_paid_minor is 'all that was ever paid out by then, as in balances; what is owed is pending + payable + in payout - debt';

create table statement_lines (
  operator_id text collate "C" not null,
  statement_id text collate "C" not null,
  transfer_id text collate "C" not null,
  primary key (operator_id, statement_id, transfer_id),
  constraint on_one_statement unique (operator_id, transfer_id)
);
comment on table statement_lines is 'membership is a row: ids are handed out before the commit, so no highest id could say what a month holds';

create trigger append_only before update or delete on statements for each row execute function refuse_change();
create trigger append_only_whole before truncate on statements for each statement execute function refuse_change();
create trigger append_only before update or delete on statement_lines for each row execute function refuse_change();
create trigger append_only_whole before truncate on statement_lines for each statement execute function refuse_change();

select estimate_tenants_alike(name) from unnest(array['periods', 'statements', 'statement_lines']) as name;
