// A test of a notice channel: a message that reports nothing, and whether it was delivered.
import { reasonText } from '../../format/words.ts';
import { Confirm } from '../../parts/dialog.tsx';
import { Badge } from '../../parts/values.tsx';
import { client } from '../../wire/client.ts';
import type { Posted } from '../../wire/types.ts';
import type { Channel } from './notice-words.ts';

type Trial = Posted<'/v1/notice-channels/{id}/test'>;

export function TestChannel({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const { id, target } = channel;
  const run = async () => {
    const { data } = await client.POST('/v1/notice-channels/{id}/test', { params: { path: { id } } });
    return data!;
  };
  return (
    <Confirm
      title={`Test ${target}`}
      confirm="Send 1 test message"
      run={run}
      result={(trial) => <Result trial={trial} target={target} />}
      onClose={onClose}
    >
      <p>
        Sends a message that shows each notice of this channel as it would look. It reports nothing, is not
        tried again, and may take up to 20 seconds.
      </p>
    </Confirm>
  );
}

/** Errors of mail are words already. */
function verdictText(verdict: string): string {
  return verdict.includes(' ') ? verdict : reasonText(verdict);
}

function Result({ trial, target }: { trial: Trial; target: string }) {
  const { verdict, advice, detail, subject } = trial;
  return (
    <div className="stack" role="status">
      <p>
        <Badge tone={verdict === 'delivered' ? 'good' : 'bad'}>{verdictText(verdict)}</Badge> {advice}
      </p>
      {detail && <p className="muted break">{detail}</p>}
      {verdict === 'delivered' && (
        <p>
          Look for “{subject}” at <span className="breaks-late">{target}</span>.
        </p>
      )}
    </div>
  );
}
