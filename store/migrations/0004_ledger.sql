-- The ledger: slots (things that can be earned) with the facts about them, the transfers that bring
-- each slot to its target, decisions by people, payouts, closed months and statements.
--
-- One transfer is one row with a debit account, a credit account and a positive amount, so an
-- unbalanced posting cannot be written. The rows of a settling transaction refer to rows that the
-- same transaction wrote or read; foreign keys between those would only cost time. The audit
-- compares them.

create table slots (
  operator_id text collate "C" not null,
  id text collate "C" not null,
  key text collate "C" not null,
  affiliate_id text collate "C" not null,
  deal_id text collate "C",
  deal_version int,
  component text not null,
  kind text not null
    check (kind in ('cpa', 'percent', 'payout', 'revshare', 'per_lot', 'month', 'override', 'manual')),
  source_id text collate "C",
  level int check (level between 1 and 5),
  period text,
  parents_since timestamptz,
  currency text not null,
  basis_minor bigint not null default 0,
  volume_e4 bigint not null default 0,
  ftd_count int not null default 0,
  conversions_count int not null default 0,
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
  rejected_at timestamptz,
  -- The earliest stage at which it has money; owed: a downward adjustment.
  state text not null generated always as (case
    when rejected_at is not null then 'rejected'
    when gross_minor > 0 and gross_minor = void_minor + clawed_minor + debt_minor then 'reversed'
    when pending_minor > 0 then 'pending'
    when payable_minor > 0 then 'payable'
    when in_payout_minor > 0 then 'in_payout'
    when paid_minor > 0 then 'paid'
    when debt_minor > 0 then 'owed'
    else 'pending' end) stored,
  created_at timestamptz not null default now(),
  primary key (operator_id, id),
  unique (operator_id, key),
  constraint of_a_deal_or_manual check (
    (kind = 'manual') = (deal_id is null) and (deal_id is null) = (deal_version is null)
  ),
  constraint part_of_a_slot check (
    (kind = 'override') = (source_id is not null) and (source_id is null) = (level is null)
  ),
  constraint parts_add_up check (
    gross_minor = void_minor + pending_minor + payable_minor + clawed_minor + in_payout_minor + paid_minor
  ),
  constraint never_more_back_than_given check (
    kind = 'manual' or void_minor + clawed_minor + debt_minor <= gross_minor
  )
) with (fillfactor = 80);
-- Partial, so that only slots with money that waits cost anything: for the end of their hold, or to
-- be paid.
create index slots_held on slots (operator_id, hold_until) where pending_minor > 0;
create index slots_payable on slots (operator_id, affiliate_id, currency) where payable_minor > 0;
-- The empty text keeps look-ups by id away: PostgreSQL 18 would answer them by a skip scan over
-- affiliates.
create index slots_affiliate on slots (operator_id, affiliate_id, (id || ''));
create index slots_of_month on slots (operator_id, affiliate_id, deal_id, period) where period is not null;
create index slots_period on slots (operator_id, period, id) where period is not null and kind <> 'month';
-- Slots are made pending, so that only what happens to them later costs anything.
create index slots_state on slots (operator_id, state, id) where state <> 'pending' and kind <> 'month';
create index slots_source on slots (operator_id, source_id) where source_id is not null;
comment on table slots is 'one thing that can be earned and is rounded once, and where its money is';
comment on column slots.key is
  'what is earned, in words: kind, deal, component and customer, event or month; made by domain/keys.ts';
comment on column slots.deal_version is
  'that of its facts; for a CPA that of the first event, which decides. Null for a manual adjustment';
comment on column slots.component is 'label of the component in the deal''s terms, such as cpa:ftd';
comment on column slots.kind is
  'the component''s kind; month: counts what tiers go by and earns nothing; override: a parent''s part of '
  'another slot; manual: an adjustment by hand';
comment on column slots.source_id is
  'of an override: the slot of which a parent is paid a part; level 1 is the parent next to its affiliate';
comment on column slots.period is 'month of its sums, or the month in which caps and tiers rank it';
comment on column slots.parents_since is
  'of a month that pays parents: since when the present ones stand above the affiliate; null: always';
comment on column slots.basis_minor is
  'sum over the facts, kept under the row''s lock so that a busy month''s facts are not read again; audited';
comment on column slots.conversions_count is
  'conversions that count in this slot; one that is paid elsewhere now has left its facts here';
comment on column slots.facts_hash is
  'XOR of a hash of each fact: two histories with the same facts agree, in any order';
comment on column slots.gross_minor is 'all that was ever booked; the parts from void to paid add up to it';
comment on column slots.void_minor is 'reversed while pending';
comment on column slots.clawed_minor is 'reversed while payable';
comment on column slots.debt_minor is
  'cumulative: reversed after a payout reserved or paid it; what is still owed is in balances.debt_minor';
comment on column slots.rejected_at is
  'when a person rejected it (commission_decisions has who and why): its target is zero until that is taken back';
select estimate_tenants_alike('slots');

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
  basis_minor bigint not null,
  fx_rate_id text collate "C",
  fx_rate numeric(24, 12),
  revision int not null default 0 check (revision >= 0),
  cancels text collate "C",
  customer text collate "C",
  primary key (operator_id, original_event_id, slot_id, event_id, revision, type),
  constraint rate_and_its_source check ((fx_rate_id is null) = (fx_rate is null)),
  constraint left_and_rejected_are_of_the_conversion check (
    type not in ('left', 'rejected') or event_id = original_event_id
  )
);
create index slot_facts_slot on slot_facts (operator_id, slot_id);
create index slot_facts_exchanged on slot_facts (operator_id, fx_rate_id) where fx_rate_id is not null;
-- Few facts are rated again, so a fact is soon seen to be in force.
create index slot_facts_rated_again on slot_facts (operator_id, original_event_id, slot_id, revision)
  where revision > 0;
select make_append_only_but('slot_facts', 'customer');
comment on table slot_facts is
  'the set of facts that a slot''s target is a function of: conversions, and what reverses them';
comment on column slot_facts.original_event_id is 'the conversion';
comment on column slot_facts.event_id is 'the conversion itself, or the event that reverses it';
comment on column slot_facts.type is
  'of the event; left: the conversion is not in this slot any more; rejected: a person rejected the conversion';
comment on column slot_facts.whole is
  'false: only amount_minor of the conversion is reversed, or of its chargebacks won';
comment on column slot_facts.amount_minor is
  'in the conversion''s currency, which refunds are measured against';
comment on column slot_facts.basis_minor is 'the conversion''s worth in the deal''s currency, by fx_rate';
comment on column slot_facts.revision is
  'counts the times the conversion was rated again in this slot; the facts of its highest revision are in force';
comment on column slot_facts.cancels is 'of chargeback_won: the chargeback that it names; null for any';
comment on column slot_facts.customer is
  'of a first deposit in a month: the customer counted by it, who may be another once its click is bound';
select estimate_tenants_alike('slot_facts');

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
  primary key (operator_id, slot_id, seq)
);
select make_append_only('ratings');
comment on table ratings is
  'why a slot has its target: one row per slot and batch, which can be shown to the affiliate';
comment on column ratings.facts_hash is 'slots.facts_hash of the facts that were rated';
select estimate_tenants_alike('ratings');

create table accounts (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  purpose text not null check (
    purpose in ('expense', 'cash', 'write_off', 'adjustment', 'pending', 'payable', 'in_payout', 'debt')
  ),
  affiliate_id text collate "C",
  currency text not null,
  exponent int not null check (exponent between 0 and 8),
  primary key (operator_id, id, currency),
  unique nulls not distinct (operator_id, purpose, affiliate_id, currency),
  foreign key (operator_id, affiliate_id) references affiliates (operator_id, id)
);
select make_append_only('accounts');
comment on column accounts.id is
  'purpose and affiliate in words, made by domain/keys.ts, so that posting needs no look-up';
comment on column accounts.affiliate_id is 'null: an account of the operator';
comment on column accounts.exponent is
  'decimal places of the currency when the account was made: amounts keep their meaning if it changes';
select estimate_tenants_alike('accounts');

-- A month without a row is open. Months close in order, so every month after the last row is open.
create table periods (
  operator_id text collate "C" not null references operators,
  period text collate "C" not null check (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
  status text not null check (status in ('closing', 'closed')),
  closed_at timestamptz,
  transfers_count bigint,
  seal bytea,
  primary key (operator_id, period),
  constraint sealed_when_closed check (
    (status = 'closed') = (closed_at is not null and transfers_count is not null and seal is not null)
  )
);
create trigger never_changed before update on periods for each row
  when (old.status = 'closed') execute function refuse_change();
create trigger never_removed before delete on periods for each row execute function refuse_change();
create trigger never_removed_whole before truncate on periods
  for each statement execute function refuse_change();
comment on table periods is 'months of an operator''s ledger that are closed or being closed';
comment on column periods.status is
  'closing: takes no more transfers, its statements are being written; closed: never opens again';
comment on column periods.seal is
  'digest of all transfers of the month in order (store/ledger/seals.ts), which the audit computes again';
select estimate_tenants_alike('periods');

-- Key of an operator's advisory lock: posting takes it shared, closing a month takes it
-- exclusively.
create function posting_lock(operator text) returns bigint language sql immutable as $$
  select hashtextextended('posting ' || operator, 0)
$$;

-- Takes the lock shared until the transaction ends, then reads, in a statement of its own, the last
-- closed month (null: none). Every transaction that posts begins with it.
create function begin_posting(operator text) returns text language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock_shared(posting_lock(operator));
  return (select max(period) from periods where operator_id = operator);
end $$;

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
  payout_id text collate "C",
  primary key (operator_id, id),
  unique (operator_id, slot_id, slot_seq),
  check (debit_account <> credit_account),
  check ((slot_id is null) = (slot_seq is null))
);
create unique index transfers_idempotency on transfers (operator_id, idempotency_key)
  where idempotency_key is not null;
create index transfers_affiliate on transfers (operator_id, affiliate_id, id);
create index transfers_payout on transfers (operator_id, payout_id, id) where payout_id is not null;
select make_append_only('transfers');
comment on column transfers.posting_group is
  'the batch, decision, payout, rerating, amendment or adjustment that posted it';
comment on column transfers.code is 'the kind of movement, such as accrue, release or claw_payable';
comment on column transfers.slot_seq is 'its number among the transfers of its slot, from 1';
comment on column transfers.actor is 'id of the API key, where a person posted it';
comment on column transfers.period is
  'month of the statement it belongs to; origin_period is the month of what it is about';
select estimate_tenants_alike('transfers');

-- Accounts are never changed or removed, so one check per statement does what a foreign key would
-- check per row, which was half of an insert's time.
create function refuse_unknown_accounts() returns trigger language plpgsql as $$
begin
  if exists (
    select from (
      select operator_id, debit_account as id, currency from added
      union select operator_id, credit_account, currency from added
    ) as posted
    where not exists (
      select from accounts a
      where a.operator_id = posted.operator_id and a.id = posted.id and a.currency = posted.currency
    )
  ) then
    raise exception 'a transfer between accounts that are not there'
      using errcode = 'foreign_key_violation', constraint = 'transfers_between_accounts';
  end if;
  return null;
end $$;
create trigger between_accounts after insert on transfers referencing new table as added
  for each statement execute function refuse_unknown_accounts();

-- The last guard, should a transaction post without begin_posting or into the month it found
-- closed.
create function refuse_closed_periods() returns trigger language plpgsql as $$
declare
  closed text;
begin
  select p.period into closed
  from (select distinct operator_id, period from posted) n
  join periods p on p.operator_id = n.operator_id and p.period = n.period
  limit 1;
  if found then
    raise exception 'the books of % are closed', closed using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end $$;
create trigger not_into_closed_periods after insert on transfers referencing new table as posted
  for each statement execute function refuse_closed_periods();

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
comment on table balances is 'sums of an affiliate''s transfers, updated with them and compared by the audit';
comment on column balances.paid_minor is 'all that was ever paid out';
select estimate_tenants_alike('balances');

create table commission_decisions (
  operator_id text collate "C" not null,
  id text collate "C" not null,
  slot_id text collate "C" not null,
  decision text not null check (decision in ('approved', 'rejected', 'reinstated')),
  amount_minor bigint not null check (amount_minor >= 0),
  actor text not null,
  reason text,
  decided_at timestamptz not null,
  primary key (operator_id, id),
  foreign key (operator_id, slot_id) references slots (operator_id, id),
  check (decision <> 'rejected' or reason is not null)
);
create index commission_decisions_slot on commission_decisions (operator_id, slot_id);
select make_append_only('commission_decisions');
comment on column commission_decisions.decision is
  'reinstated: a rejection was taken back; of one commission rejected and reinstated take turns';
comment on column commission_decisions.amount_minor is
  'what became payable, or was taken back; 0 of a reinstated one, whose worth settlement works out';
comment on column commission_decisions.actor is 'id of the API key';
select estimate_tenants_alike('commission_decisions');

create table payouts (
  operator_id text collate "C" not null,
  id text collate "C" not null,
  affiliate_id text collate "C" not null,
  currency text not null,
  amount_minor bigint not null check (amount_minor > 0),
  recovered_minor bigint not null check (recovered_minor >= 0),
  minimum_minor bigint check (minimum_minor >= 0),
  state text not null default 'reserved' check (state in ('reserved', 'paid', 'failed', 'returned')),
  external_reference text collate "C",
  idempotency_key text collate "C",
  created_at timestamptz not null,
  primary key (operator_id, id),
  unique (operator_id, idempotency_key),
  unique (operator_id, external_reference),
  foreign key (operator_id, affiliate_id) references affiliates (operator_id, id),
  constraint at_least_the_minimum check (amount_minor >= minimum_minor)
);
create index payouts_affiliate on payouts (operator_id, affiliate_id, id);
comment on column payouts.recovered_minor is
  'debt that was recovered from what was payable before this amount was reserved';
comment on column payouts.external_reference is 'the operator''s reference of the bank transfer';
select estimate_tenants_alike('payouts');

create table payout_states (
  operator_id text collate "C" not null,
  payout_id text collate "C" not null,
  state text not null check (state in ('reserved', 'paid', 'failed', 'returned')),
  actor text not null,
  reason text,
  at timestamptz not null,
  primary key (operator_id, payout_id, state),
  foreign key (operator_id, payout_id) references payouts (operator_id, id)
);
select make_append_only('payout_states');
comment on table payout_states is 'a payout passes each state at most once: one confirmation per payout';
select estimate_tenants_alike('payout_states');

create table payment_details (
  operator_id text collate "C" not null references operators,
  party text collate "C" not null,
  secret bytea not null,
  updated_by text not null,
  updated_at timestamptz not null default now(),
  primary key (operator_id, party)
);
comment on table payment_details is 'where affiliates are paid, and the account that their operator pays from';
comment on column payment_details.party is 'id of the affiliate, or of the operator itself';
comment on column payment_details.secret is 'JSON, sealed by the secret box; never stored in the clear';
comment on column payment_details.updated_by is 'id of the API key';
select estimate_tenants_alike('payment_details');

create table payout_runs (
  operator_id text collate "C" not null references operators,
  id text collate "C" not null,
  currency text not null,
  minimum_minor bigint not null check (minimum_minor >= 0),
  given_minimum_minor bigint,
  needs_details boolean not null,
  is_dry_run boolean not null,
  state text not null default 'running' check (state in ('running', 'done', 'cancelled')),
  total int not null,
  done int not null default 0,
  created int not null default 0,
  amount_minor bigint not null default 0,
  after_id text collate "C" not null default '',
  through_id text collate "C" not null,
  actor text not null,
  idempotency_key text collate "C",
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (operator_id, id),
  unique (operator_id, idempotency_key),
  constraint finished_when_not_running check ((finished_at is null) = (state = 'running'))
);
create index payout_runs_running on payout_runs (operator_id, id) where state = 'running';
comment on table payout_runs is 'payouts made for all affiliates for whom enough is payable in a currency';
comment on column payout_runs.minimum_minor is
  'the greater of the given minimum and the operator''s own when the run began';
comment on column payout_runs.needs_details is 'whether affiliates without payment details are left out';
comment on column payout_runs.total is 'affiliates with something payable when the run began';
comment on column payout_runs.done is 'affiliates looked at so far; created of them got payouts';
comment on column payout_runs.after_id is 'progress: every affiliate up to this one was looked at';
comment on column payout_runs.through_id is 'the last such affiliate when the run began; later ones wait for the next';
comment on column payout_runs.actor is 'id of the API key';

create table payout_run_items (
  operator_id text collate "C" not null,
  run_id text collate "C" not null,
  affiliate_id text collate "C" not null,
  result text not null
    check (result in ('created', 'nothing_due', 'below_minimum', 'suspended', 'no_payment_details')),
  amount_minor bigint not null check (amount_minor >= 0),
  payout_id text collate "C",
  primary key (operator_id, run_id, affiliate_id),
  unique (operator_id, payout_id),
  foreign key (operator_id, run_id) references payout_runs (operator_id, id),
  foreign key (operator_id, payout_id) references payouts (operator_id, id)
);
comment on table payout_run_items is 'what became of each affiliate in a payout run';
comment on column payout_run_items.amount_minor is 'what was payable to it after what it owed';
select estimate_tenants_alike('payout_run_items');

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
create index statements_period on statements (operator_id, period, id);
select make_append_only('statements');
comment on table statements is 'what a closed month says, per affiliate and currency; made when it closes';
comment on column statements.opening_paid_minor is
  'all that was ever paid out by then, as in balances; what is owed is pending + payable + in payout - debt';
select estimate_tenants_alike('statements');

create table statement_lines (
  operator_id text collate "C" not null,
  statement_id text collate "C" not null,
  transfer_id text collate "C" not null,
  primary key (operator_id, statement_id, transfer_id),
  constraint on_one_statement unique (operator_id, transfer_id)
);
select make_append_only('statement_lines');
comment on table statement_lines is
  'the transfers of a statement, each on exactly one; a row each, because ids are given out before the '
  'commit and no highest id could say what a month holds';
select estimate_tenants_alike('statement_lines');

-- Reports: sums by affiliate, link, day and type. They are counted anew for a whole day of receipt,
-- from the rows themselves, so that nothing has to be added up where an event is settled.
create table report_days (
  operator_id text collate "C" not null references operators,
  affiliate_id text collate "C" not null,
  day date not null,
  link_id text collate "C" not null,
  type text not null,
  currency text not null,
  received_on date not null,
  count int not null,
  amount_minor bigint not null,
  earned_minor bigint not null,
  reversed_minor bigint not null,
  primary key (operator_id, affiliate_id, day, link_id, type, currency, received_on)
);
create index report_days_received on report_days (operator_id, received_on);
comment on table report_days is 'counts and sums of clicks, settled events and commission, for reports';
comment on column report_days.affiliate_id is 'empty: all affiliates together';
comment on column report_days.day is 'when it occurred, in the time zone that the operator had then';
comment on column report_days.link_id is 'empty: without a link, or all links together';
comment on column report_days.type is 'of the event; click; empty: of commission that no event caused';
comment on column report_days.currency is 'of the sums; empty: the event has no amount';
comment on column report_days.received_on is
  'the UTC day in which the click or event was received, or the commission posted: such a day is counted as a whole';
comment on column report_days.earned_minor is 'commission booked; reversed_minor: taken back';
select estimate_tenants_alike('report_days');

create table report_progress (
  operator_id text collate "C" primary key references operators,
  counted_through timestamptz not null,
  next_at timestamptz not null
);
comment on table report_progress is 'how far report_days is counted';

create table report_recounts (
  operator_id text collate "C" not null,
  received_on date not null,
  id bigint generated always as identity,
  primary key (operator_id, received_on, id)
);
comment on table report_recounts is
  'days of receipt to count again, since an event of them changed or was settled late; a row for each '
  'change, so that no transaction waits for another';
select estimate_tenants_alike('report_recounts');

-- Triggers, so that no change can forget it.
create function recount_event() returns trigger language plpgsql as $$
begin
  insert into report_recounts (operator_id, received_on)
  values (new.operator_id, (id_moment(new.event_id) at time zone 'UTC')::date);
  return null;
end $$;
create trigger recount_changed after update on event_outcomes for each row
  when ((old.status, old.affiliate_id, old.click_id) is distinct from (new.status, new.affiliate_id, new.click_id))
  execute function recount_event();
create trigger recount_amended after insert or update on amendments for each row
  when (new.in_force) execute function recount_event();
create trigger recount_no_longer_amended after update on amendments for each row
  when (old.in_force and not new.in_force) execute function recount_event();
