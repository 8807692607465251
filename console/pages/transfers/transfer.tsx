// One transfer of the ledger: what it moved, for which conversion, by which formula, and where it
// is listed.
import { Link, useParams } from 'wouter';
import { withAmounts } from '../../format/money.ts';
import { plain } from '../../format/words.ts';
import { Empty, Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { Facts, Id, Money, Month, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import type { Answer } from '../../wire/types.ts';
import { AffiliateLink } from '../affiliates/affiliate-link.tsx';
import { inputFacts } from '../events/commissions.tsx';
import { Account } from '../events/transfers.tsx';

type Whole = Answer<'/v1/transfers/{id}'>;

export function Page() {
  const { id } = useParams<{ id: string }>();
  const query = api.useQuery('get', '/v1/transfers/{id}', { params: { path: { id } } });
  const affiliate = query.data?.affiliate_id;
  return (
    <PageFrame
      title={query.data ? `Transfer: ${query.data.description}` : 'Transfer'}
      crumb={affiliate && <Link href={`/affiliates/${affiliate}?tab=ledger`}>Ledger of the affiliate</Link>}
      about="One row of the ledger, which nothing changes. What puts it right is a transfer of its own."
    >
      <Loaded query={query} of="the transfer">
        {(transfer) => (
          <>
            <div className="columns">
              <Panel title="Moved">
                <Moved of={transfer} />
              </Panel>
              <Panel title="Why">
                <Why of={transfer} />
              </Panel>
            </div>
            {transfer.commission_id && <Earned id={transfer.commission_id} formula={transfer.formula} />}
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}

function Moved({ of: transfer }: { of: Whole }) {
  const { id, amount, currency, period, origin_period: origin, statement_id: statement } = transfer;
  return (
    <Facts
      of={[
        ['Amount', <Money key="amount" amount={amount} currency={currency} />],
        ['Debit', <Account key="debit" name={transfer.debit_account} />],
        ['Credit', <Account key="credit" name={transfer.credit_account} />],
        [
          'Affiliate',
          transfer.affiliate_id && (
            <AffiliateLink key="affiliate" id={transfer.affiliate_id} name={transfer.affiliate_name} />
          ),
        ],
        ['Month', <Month key="month" of={period} />],
        ['About', origin === period ? null : <Month key="origin" of={origin} />],
        ['Statement', <OnStatement key="statement" id={statement} of={transfer} />],
        ['Occurred', <Time key="occurred" at={transfer.occurred_at} />],
        ['Posted', <Time key="posted" at={transfer.posted_at} />],
        ['Id', <Id key="id" id={id} />],
      ]}
    />
  );
}

/** The statement that lists it; while the month is open, the preliminary one. */
function OnStatement({ id, of: transfer }: { id: string | null; of: Whole }) {
  const { affiliate_id: affiliate, currency, period } = transfer;
  if (id !== null) return <Id id={id} />;
  if (affiliate === null) return <span className="muted">none: it is no affiliate’s</span>;
  return (
    <Link href={`/statements/of/${affiliate}?${new URLSearchParams({ currency, period })}`}>preliminary</Link>
  );
}

function Why({ of: transfer }: { of: Whole }) {
  const { event_id: event, original_event_id: original, commission_id: commission } = transfer;
  return (
    <Facts
      of={[
        ['Kind', plain(transfer.code)],
        ['Reason', transfer.reason && plain(transfer.reason)],
        ['By the key', transfer.actor && <Id key="actor" id={transfer.actor} />],
        [
          'Event',
          event && (
            <Told key="event" id={event} type={transfer.event} transaction={transfer.transaction_id} />
          ),
        ],
        [
          'Conversion',
          original && (
            <Told key="original" id={original} type={null} transaction={transfer.original_transaction_id} />
          ),
        ],
        ['Commission', commission && <Id key="commission" id={commission} />],
        ['Payout', transfer.payout_id && <Id key="payout" id={transfer.payout_id} />],
      ]}
    />
  );
}

type ToldProps = { id: string; type: string | null; transaction: string | null };

function Told({ id, type, transaction }: ToldProps) {
  return (
    <span className="break">
      {[type && plain(type), transaction].filter(Boolean).join(' ')} <Id id={id} />
    </span>
  );
}

/**
 * How its commission is worked out. `formula`: of the rating that caused the transfer; null where
 * it moves what was earned before.
 */
function Earned({ id, formula }: { id: string; formula: string | null }) {
  const query = api.useQuery('get', '/v1/commissions/{id}', { params: { path: { id } } });
  return (
    <Panel
      title="How it was worked out"
      about={formula === null ? 'It moves what was earned before, by the formula of its commission.' : null}
    >
      <Loaded query={query} of="its commission">
        {(commission) => {
          const shown = formula ?? commission.formula;
          if (shown === null) return <Empty title="It was booked by hand." />;
          return (
            <>
              <p className="formula">{withAmounts(shown)}</p>
              <Facts
                of={[
                  ...(shown === commission.formula ? inputFacts(commission.inputs) : []),
                  [
                    'Commission',
                    <Link key="label" href={`/commissions/${id}`}>
                      {commission.label}
                    </Link>,
                  ],
                  [
                    'Its amount now',
                    <Money key="amount" amount={commission.amount} currency={commission.currency} />,
                  ],
                ]}
              />
            </>
          );
        }}
      </Loaded>
    </Panel>
  );
}
