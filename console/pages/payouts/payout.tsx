// One payout: its state, its history, and the steps that a person reports.
import { useState } from 'react';
import { Link, useParams } from 'wouter';
import { isZero } from '../../format/money.ts';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/form.tsx';
import { Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Facts, Id, Money, State, Time } from '../../parts/values.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import { useMay } from '../../wire/session.ts';
import { MEANING, type PayoutState, type WholePayout } from './payout-types.ts';

type Step = 'confirm' | 'fail' | 'return';

const STEPS: Readonly<Record<Step, { label: string; effect: string; isDanger: boolean }>> = {
  confirm: {
    label: 'Confirm',
    effect: 'The money arrived: it is paid, and the affiliate hears of it.',
    isDanger: false,
  },
  fail: {
    label: 'Fail',
    effect: 'The money did not go out: it is payable again, for the next payout.',
    isDanger: true,
  },
  return: {
    label: 'Return',
    effect: 'The money came back: it is payable again, for the next payout.',
    isDanger: true,
  },
};

const NEXT: Readonly<Record<PayoutState, readonly Step[]>> = {
  reserved: ['confirm', 'fail'],
  paid: ['return'],
  failed: [],
  returned: [],
};

export function Page() {
  const { id } = useParams<{ id: string }>();
  const [step, ask] = useState<Step | null>(null);
  const mayManage = useMay('manage');
  const query = api.useQuery('get', '/v1/payouts/{id}', { params: { path: { id } } });
  const payout = query.data;
  return (
    <PageFrame
      title={payout ? `Payout to ${payout.affiliate_name}` : 'Payout'}
      crumb={<Link href="/payouts">Payouts</Link>}
      actions={
        mayManage &&
        payout &&
        NEXT[payout.state].map((each) => (
          <Button key={each} kind={STEPS[each].isDanger ? 'danger' : 'primary'} onClick={() => ask(each)}>
            {STEPS[each].label}…
          </Button>
        ))
      }
    >
      <Loaded query={query} of="the payout">
        {(whole) => (
          <>
            <Panel title="Payout" actions={<State of={whole.state} />}>
              <p>{MEANING[whole.state]}</p>
              <Summary of={whole} />
            </Panel>
            <Panel title="History" bare>
              <Table
                caption="History"
                columns={HISTORY}
                rows={whole.history}
                keyOf={({ state, at }) => `${state} ${at}`}
                empty={null}
              />
            </Panel>
            {step && <StepDialog payout={whole} step={step} onClose={() => ask(null)} />}
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}

function Summary({ of: { id, amount, currency, recovered, ...payout } }: { of: WholePayout }) {
  return (
    <Facts
      of={[
        ['Amount', <Money key="amount" amount={amount} currency={currency} />],
        [
          'Debt recovered',
          isZero(recovered) ? null : <Money key="debt" amount={recovered} currency={currency} />,
        ],
        [
          'Affiliate',
          <Link key="affiliate" href={`/affiliates/${payout.affiliate_id}`}>
            {payout.affiliate_name}
          </Link>,
        ],
        ['Payout run', payout.run_id && <Id key="run" id={payout.run_id} />],
        ['Bank’s reference', payout.external_reference],
        ['Reserved', <Time key="at" at={payout.created_at} />],
        ['Id', <Id key="id" id={id} />],
      ]}
    />
  );
}

const HISTORY: readonly Column<WholePayout['history'][number]>[] = [
  { title: 'State', cell: ({ state }) => <State of={state} /> },
  { title: 'When', cell: ({ at }) => <Time at={at} /> },
  { title: 'By the key', cell: ({ actor }) => <Id id={actor} /> },
  { title: 'Reason', cell: ({ reason }) => <span className="break">{reason ?? '–'}</span> },
];

type StepProps = { payout: WholePayout; step: Step; onClose: () => void };

function StepDialog({ payout: { id, affiliate_name: name }, step, onClose }: StepProps) {
  const [reference, setReference] = useState('');
  const [reason, setReason] = useState('');
  const { label, effect, isDanger } = STEPS[step];
  const run = async () => {
    const because = reason.trim() && { reason: reason.trim() };
    const params = { path: { id } };
    if (step === 'confirm')
      await client.POST('/v1/payouts/{id}/confirm', {
        params,
        body: { ...because, ...(reference.trim() && { external_reference: reference.trim() }) },
      });
    else await client.POST(`/v1/payouts/{id}/${step}`, { params, body: { ...because } });
    await refresh();
  };
  return (
    <Confirm
      title={`${label} the payout to ${name}`}
      confirm={`${label} 1 payout`}
      kind={isDanger ? 'danger' : 'primary'}
      run={run}
      onClose={onClose}
    >
      <p>{effect}</p>
      {step === 'confirm' && (
        <TextField
          label="Bank’s reference"
          value={reference}
          onChange={setReference}
          help="May be left out."
        />
      )}
      <TextField
        label="Reason"
        value={reason}
        onChange={setReason}
        help="Kept in its history. May be left out."
      />
    </Confirm>
  );
}
