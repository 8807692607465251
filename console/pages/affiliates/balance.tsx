// Balance of an affiliate, by currency, and why each part of it is not paid yet.
import { useState } from 'react';
import { Link } from 'wouter';
import { isZero } from '../../format/money.ts';
import { Button } from '../../parts/button.tsx';
import { Empty, Loaded, Panel } from '../../parts/layout.tsx';
import { Money } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { useMay } from '../../wire/session.ts';
import type { Answer } from '../../wire/types.ts';
import { PostingDialog, type Posting } from './adjust.tsx';
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

type Asked = { posting: Posting; currency: string };

export function Balance({ affiliate }: { affiliate: Affiliate }) {
  const { id } = affiliate;
  const [asked, ask] = useState<Asked | null>(null);
  const mayManage = useMay('manage');
  const query = api.useQuery('get', '/v1/affiliates/{id}/balance', { params: { path: { id } } });
  return (
    <Panel
      title="Balance"
      actions={
        mayManage && (
          <Button
            onClick={() => ask({ posting: 'adjustments', currency: query.data?.balances[0]?.currency ?? '' })}
          >
            Adjust…
          </Button>
        )
      }
    >
      <Loaded query={query} of="its balance">
        {({ balances }) =>
          balances.length === 0 ? (
            <Empty title="It has earned nothing yet.">
              A commission is booked when an event of a customer of its is settled.
            </Empty>
          ) : (
            balances.map((sums) => (
              <div key={sums.currency}>
                <InOneCurrency id={id} sums={sums} />
                {mayManage && !isZero(sums.debt) && (
                  <Button
                    kind="danger"
                    onClick={() => ask({ posting: 'write-offs', currency: sums.currency })}
                  >
                    Write off {sums.currency} debt…
                  </Button>
                )}
              </div>
            ))
          )
        }
      </Loaded>
      {asked && <PostingDialog affiliate={affiliate} {...asked} onClose={() => ask(null)} />}
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
