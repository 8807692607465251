// The commissions of a trace, each with its formula and the inputs that were put into it.
import { withAmounts } from '../../format/money.ts';
import { plain } from '../../format/words.ts';
import { Empty, Panel } from '../../parts/layout.tsx';
import { Facts, Id, Money, Month, State, Time, WithIds } from '../../parts/values.tsx';
import type { Commission, Trace } from './trace-types.ts';
import { AffiliateLink } from '../affiliates/affiliate-link.tsx';

export function Commissions({
  trace: { commissions, exchange_rates: rates, transfers, status },
}: {
  trace: Trace;
}) {
  return (
    <Panel
      title="3 · Commission"
      about={
        commissions.length > 0 && 'What is left after all that was taken back, and how it was worked out.'
      }
    >
      {commissions.length === 0 && (
        <Empty title={transfers.length > 0 ? 'It earns nothing itself.' : 'No commission.'}>
          {WHY_NONE[status]}
        </Empty>
      )}
      {commissions.map((commission) => (
        <CommissionFacts key={commission.id} commission={commission} />
      ))}
      {rates.map(({ id, base, quote, rate, source, as_of: asOf }) => (
        <p key={id} className="small">
          Converted at {rate} {base}→{quote} of <Time at={asOf} />, source {source}.
        </p>
      ))}
    </Panel>
  );
}

const WHY_NONE: Readonly<Partial<Record<Trace['status'], string>>> = {
  settled:
    'No component of the deal in force pays for it, or it takes back what another event earned: see the ledger.',
  accepted: 'It is not settled yet.',
  orphaned: 'Nobody is known to have brought the customer.',
  set_aside: 'It could not be rated yet.',
};

/** A commission with its formula and the inputs that were put into it. */
export function CommissionFacts({ commission }: { commission: Commission }) {
  const {
    id,
    label,
    amount,
    currency,
    state,
    formula,
    inputs,
    deal_id: deal,
    deal_version: version,
  } = commission;
  return (
    <section className="stack" aria-label={`Commission ${label}`}>
      <div className="row row-between">
        <h3>
          {label} <State of={state} />
        </h3>
        <strong>
          <Money amount={amount} currency={currency} />
        </strong>
      </div>
      {formula && <p className="formula">{withAmounts(formula)}</p>}
      <Facts
        of={[
          ...inputFacts(inputs),
          ['Commission', <Id key="id" id={id} />],
          ['Affiliate', <AffiliateLink key="affiliate" id={commission.affiliate_id} />],
          [
            'Deal',
            deal && (
              <span key="deal">
                <Id id={deal} /> version {version}
              </span>
            ),
          ],
          ['Month', commission.period && <Month key="month" of={commission.period} />],
          ['Events', commission.events > 1 ? `${commission.events}: it is for all of them` : null],
          ['On hold until', state === 'pending' ? <Time key="hold" at={commission.hold_until} /> : null],
          ['Rejected', commission.rejected_at && <Time at={commission.rejected_at} />],
        ]}
      />
    </section>
  );
}

/** What was put into a formula, by name. */
export function inputFacts(inputs: unknown) {
  return Object.entries((inputs ?? {}) as Record<string, unknown>).map(
    ([name, value]) => [plain(name), <Input key={name} value={value} />] as const,
  );
}

function Input({ value }: { value: unknown }) {
  if (typeof value === 'string') return <WithIds text={withAmounts(value)} />;
  if (typeof value === 'number' || typeof value === 'boolean') return <>{String(value)}</>;
  return <code className="break">{JSON.stringify(value)}</code>;
}
