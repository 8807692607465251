// Balance of an affiliate, by currency, and why each part of it is not paid yet.
import { Link } from 'wouter';
import { isZero } from '../../format/money.ts';
import { Empty, Loaded, Panel } from '../../parts/layout.tsx';
import { Money } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import type { Answer } from '../../wire/types.ts';
import type { Affiliate } from './affiliate-types.ts';

type Sums = Answer<'/v1/affiliates/{id}/balance'>['balances'][number];
type Part = Exclude<keyof Sums, 'currency'>;

/** Each part of a balance, and what it waits for. */
const PARTS: readonly (readonly [Part, string, string])[] = [
  ['pending', 'Pending', 'on hold; each commission says until when'],
  ['payable', 'Payable', 'the next payout takes it'],
  ['in_payout', 'In payout', 'reserved; waits for the bank to confirm'],
  ['paid', 'Paid', 'arrived, or recovered debt'],
  ['debt', 'Debt', 'taken back after it was paid; the next payouts recover it first'],
];

export function Balance({ affiliate: { id } }: { affiliate: Affiliate }) {
  const query = api.useQuery('get', '/v1/affiliates/{id}/balance', { params: { path: { id } } });
  return (
    <Panel title="Balance">
      <Loaded query={query} of="its balance">
        {({ balances }) =>
          balances.length === 0 ? (
            <Empty title="It has earned nothing yet.">
              A commission is booked when an event of a customer of its is settled.
            </Empty>
          ) : (
            balances.map((sums) => <InOneCurrency key={sums.currency} id={id} sums={sums} />)
          )
        }
      </Loaded>
    </Panel>
  );
}

function InOneCurrency({ id, sums }: { id: string; sums: Sums }) {
  const { currency } = sums;
  return (
    <dl className="sums" aria-label={currency}>
      {PARTS.map(([part, name, waits]) => (
        <div key={part}>
          <dt>
            {part === 'debt' ? (
              name
            ) : (
              <Link href={`/commissions?affiliate_id=${id}&currency=${currency}&state=${part}`}>{name}</Link>
            )}
            {!isZero(sums[part]) && <small>{waits}</small>}
          </dt>
          <dd>
            <Money amount={sums[part]} currency={currency} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
