// The attempts of a postback: phases, answer, and why the next one is when it is.
import { duration } from '../../format/time.ts';
import { plain, reasonText } from '../../format/words.ts';
import { Empty } from '../../parts/layout.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Badge, Time } from '../../parts/values.tsx';
import type { Answer } from '../../wire/types.ts';

type Attempt = Answer<'/v1/deliveries/{id}'>['attempts'][number];

/** The phases of a request, in their order, by the names of the API. */
const PHASES = [
  ['dnsMs', 'DNS'],
  ['connectMs', 'connect'],
  ['tlsMs', 'TLS'],
  ['firstByteMs', 'first byte'],
] as const;

const COLUMNS: readonly Column<Attempt>[] = [
  { title: 'Try', cell: ({ number, cause }) => `${number} · ${plain(cause)}` },
  { title: 'When', cell: ({ started_at: at }) => <Time at={at} /> },
  { title: 'Answer', cell: AnswerCell },
  { title: 'Took', cell: ({ duration_ms: ms, phases }) => <Took ms={ms} phases={phases} /> },
  { title: 'Dialled', cell: ({ dialled }) => <span className="mono">{dialled ?? '–'}</span> },
  {
    title: 'What follows',
    cell: ({ next_reason: reason }) => <span className="small">{reason ?? 'nothing: it arrived'}</span>,
  },
];

function AnswerCell({ status_code: status, error_class: error, response_excerpt: excerpt, sends }: Attempt) {
  const isDelivered = error === null;
  return (
    <>
      <div>
        <Badge tone={isDelivered ? 'good' : 'bad'}>{status ?? reasonText(error ?? 'no answer')}</Badge>
        {sends > 1 && <span className="muted small"> sent {sends} times</span>}
      </div>
      {excerpt && (
        <div className="small">
          <code className="break">{excerpt.slice(0, 300)}</code>
        </div>
      )}
    </>
  );
}

function Took({ ms, phases }: { ms: number; phases: unknown }) {
  const known = (phases ?? {}) as Partial<Record<string, number>>;
  const parts = PHASES.flatMap(([key, name]) =>
    known[key] === undefined ? [] : `${name} ${duration(known[key])}`,
  );
  return (
    <>
      <span className="nowrap">{duration(ms)}</span>
      {parts.length > 0 && <div className="muted small">{parts.join(', ')}</div>}
    </>
  );
}

export function Attempts({ of }: { of: readonly Attempt[] }) {
  return (
    <Table
      caption="Attempts"
      columns={COLUMNS}
      rows={of}
      keyOf={({ number }) => String(number)}
      empty={<Empty title="Not tried yet." />}
    />
  );
}
