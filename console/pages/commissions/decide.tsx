// Approval and rejection of commissions: for how many events they are, and what came of each.
import { useState } from 'react';
import { counted } from '../../format/money.ts';
import { plain } from '../../format/words.ts';
import { Confirm } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/form.tsx';
import { client, refresh } from '../../wire/client.ts';
import type { Posted } from '../../wire/types.ts';
import type { Commission } from './standing.tsx';

export type Verb = 'approve' | 'reject';
type Result = Posted<'/v1/commissions/approve'>['results'][number];

type DecideProps = { verb: Verb; commissions: readonly Commission[]; onClose: () => void };

export function DecideDialog({ verb, commissions, onClose }: DecideProps) {
  const [reason, setReason] = useState('');
  const isApproval = verb === 'approve';
  const verbText = isApproval ? 'Approve' : 'Reject';
  const what = counted(commissions.length, 'commission');
  const run = async () => {
    const ids = commissions.map(({ id }) => id);
    const { data } = await client.POST(`/v1/commissions/${verb}`, {
      body: { ids, ...(reason.trim() && { reason: reason.trim() }) },
    });
    return data!.results;
  };
  return (
    <Confirm
      title={`${verbText} ${what}`}
      confirm={`${verbText} ${what}`}
      kind={isApproval ? 'primary' : 'danger'}
      isReady={isApproval || reason.trim() !== ''}
      run={run}
      result={(results) => <Outcome results={results} />}
      onClose={() => {
        onClose();
        void refresh();
      }}
    >
      <p>{concerned(commissions)}</p>
      <p>
        {isApproval
          ? 'What is pending becomes payable now, before its hold ends. Of a rejected one the rejection is taken back: it is pending again.'
          : 'It earns nothing: what is pending or payable is taken back, and what was paid becomes debt. Affiliates hear of it. Approving takes it back.'}
      </p>
      <TextField
        label="Reason"
        value={reason}
        onChange={setReason}
        help={isApproval ? 'Kept with the decision. May be left out.' : 'Kept with the decision.'}
      />
    </Confirm>
  );
}

/** How many events are behind them: a commission of a month is for every conversion in it. */
function concerned(commissions: readonly Commission[]): string {
  const events = counted(
    commissions.reduce((sum, one) => sum + one.events, 0),
    'event',
  );
  const ofMonths = commissions.filter(({ period }) => period !== null).length;
  const more =
    ofMonths === 0
      ? ''
      : ` ${ofMonths === 1 ? 'One is' : `${ofMonths} are`} of a whole month: also events of it that are still to come.`;
  return `${counted(commissions.length, 'commission')} for ${events}.${more}`;
}

const WORDS: Readonly<Record<Result['status'], string>> = {
  approved: 'approved: payable now',
  rejected: 'rejected',
  reinstated: 'reinstated: pending again in a moment',
  unchanged: 'decided so before',
  not_possible: 'left alone: not possible in its state',
  not_found: 'not found',
};

function Outcome({ results }: { results: readonly Result[] }) {
  const kinds = [...new Set(results.map(({ status }) => status))];
  return (
    <div role="status" className="stack">
      {kinds.map((kind) => {
        const such = results.filter(({ status }) => status === kind);
        const events = such.reduce((sum, one) => sum + one.events, 0);
        return (
          <p key={kind}>
            {counted(such.length, 'commission')} for {counted(events, 'event')} {WORDS[kind] ?? plain(kind)}.
          </p>
        );
      })}
    </div>
  );
}
