// Balance of the affiliate by currency: each part in words, what comes next, and its payouts.
import { Link } from 'wouter';
import { isZero } from '../../format/money.ts';
import { Empty, Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { Money } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { useSession } from '../../wire/session.ts';
import type { Answer } from '../../wire/types.ts';
import { useAffiliate } from '../own.ts';
import { BecomesPayable } from './becomes-payable.tsx';
import { nextSteps } from './next-steps.ts';
import { Payouts } from './payouts.tsx';
import type { Upcoming } from './upcoming.ts';

type Balance = Answer<'/v1/affiliates/{id}/balance'>['balances'][number];

/** Parts of a balance, and what each is. Those that are empty need no words but the first two. */
const PARTS = [
  ['pending', 'Pending', 'On hold, in case a conversion is taken back.'],
  ['payable', 'Payable', 'Yours: the next payout takes it.'],
  ['in_payout', 'In payout', 'On its way: the bank has not confirmed it yet.'],
  ['paid', 'Paid', 'Paid so far.'],
  ['debt', 'Owed by you', 'Taken back after it was paid. The next payouts recover it first.'],
] as const satisfies readonly (readonly [keyof Balance, string, string])[];

export function Page() {
  const { id, name } = useAffiliate();
  const operator = useSession().data?.operator?.name ?? '';
  const path = { params: { path: { id } } };
  const query = api.useQuery('get', '/v1/affiliates/{id}/balance', path);
  const upcoming = api.useQuery('get', '/v1/affiliates/{id}/upcoming', path);
  return (
    <PageFrame title="Balance" about={`What ${name} has earned with ${operator}, and when it is paid.`}>
      <Loaded query={query} of="your balance">
        {({ balances }) =>
          balances.length === 0 ? (
            <Panel title="Balance">
              <Empty title="You have earned nothing yet.">
                A commission appears here within seconds of a conversion of a customer whom you brought. See
                who is on the way under <Link href="/progress">Progress</Link>.
              </Empty>
            </Panel>
          ) : (
            balances.map((balance) => (
              <InOneCurrency
                key={balance.currency}
                balance={balance}
                upcoming={upcoming.data?.data.find(({ currency }) => currency === balance.currency)}
              />
            ))
          )
        }
      </Loaded>
      <Payouts />
    </PageFrame>
  );
}

type CurrencyProps = { balance: Balance; upcoming: Upcoming | undefined };

function InOneCurrency({ balance, upcoming }: CurrencyProps) {
  const { currency } = balance;
  const shown = PARTS.filter(([part]) => part !== 'debt' || !isZero(balance.debt));
  return (
    <>
      <Panel
        title={currency}
        actions={<Link href={`/commissions?currency=${currency}`}>Its commissions</Link>}
        bare
      >
        <div className="tiles">
          {shown.map(([part, label, meaning]) => (
            <div key={part} className="tile" data-tone={part === 'debt' ? 'bad' : undefined}>
              <span className="tile-label">{label}</span>
              <span className="tile-value">
                <Money amount={balance[part]} currency={currency} />
              </span>
              <span className="tile-note">{meaning}</span>
            </div>
          ))}
        </div>
        {upcoming && (
          <ul className="panel-body sentences">
            {nextSteps(balance, upcoming).map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        )}
      </Panel>
      {upcoming && !isZero(balance.pending) && <BecomesPayable upcoming={upcoming} />}
    </>
  );
}
