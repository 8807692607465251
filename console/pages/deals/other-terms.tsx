// Other terms for a deal: what past events would have been paid by them, and their addition as a
// version.
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { CodeField, SelectField, TimeField } from '../../parts/form.tsx';
import { Failure, Panel } from '../../parts/layout.tsx';
import { toast } from '../../parts/toasts.tsx';
import { client, refresh } from '../../wire/client.ts';
import { Previewed, type Preview } from './previewed.tsx';
import { summaryOf, termsIn, textOf, type Deal, type Version } from './terms.ts';

type AppliesTo = Version['applies_to'];

const APPLIES_TO = [
  ['events', 'all customers'],
  ['new_customers', 'customers who are bound from then on'],
] as const satisfies readonly (readonly [AppliesTo, string])[];

const DAY_MS = 86_400_000;
const PREVIEWED_DAYS = 30;

const secondsOf = (moment: number): string => `${new Date(moment).toISOString().slice(0, 19)}Z`;

type Outcome = { preview: Preview } | { error: unknown } | 'running' | null;

export function OtherTerms({ deal }: { deal: Deal }) {
  const [text, setText] = useState(() => textOf(deal.versions.at(-1)!.terms));
  const [appliesTo, setAppliesTo] = useState<AppliesTo>('events');
  const [from, setFrom] = useState(() => secondsOf(Date.now() - PREVIEWED_DAYS * DAY_MS));
  const [to, setTo] = useState(() => secondsOf(Date.now()));
  const [outcome, setOutcome] = useState<Outcome>(null);
  const [isAdding, setAdding] = useState(false);
  const read = termsIn(text);
  const terms = ('terms' in read ? read.terms : {}) as never;
  const preview = async () => {
    setOutcome('running');
    try {
      const { data } = await client.POST('/v1/deals/{id}/preview', {
        params: { path: { id: deal.id } },
        body: { terms, applies_to: appliesTo, from, to },
      });
      setOutcome({ preview: data! });
    } catch (error) {
      setOutcome({ error });
    }
  };
  return (
    <Panel title="Other terms" about="Try them on what has happened; then add them as a version.">
      <CodeField
        label="Terms"
        value={text}
        onChange={setText}
        isWrong={'problem' in read}
        help={'problem' in read ? read.problem : 'Those of the newest version, to change.'}
      />
      <div className="filters">
        <SelectField label="For" value={appliesTo} onChange={setAppliesTo} options={APPLIES_TO} />
        <TimeField label="Events from" value={from} onChange={setFrom} />
        <TimeField label="to" value={to} onChange={setTo} />
        <Button
          kind="primary"
          disabled={'problem' in read || from === '' || to === '' || outcome === 'running'}
          onClick={() => void preview()}
        >
          {outcome === 'running' ? 'Working out…' : 'Preview'}
        </Button>
        <Button disabled={'problem' in read} onClick={() => setAdding(true)}>
          Add as a version…
        </Button>
      </div>
      <div role="status">
        {outcome !== null && outcome !== 'running' && 'preview' in outcome && (
          <Previewed preview={outcome.preview} />
        )}
      </div>
      {outcome !== null && outcome !== 'running' && 'error' in outcome && <Failure error={outcome.error} />}
      {isAdding && (
        <AddDialog deal={deal} terms={terms} appliesTo={appliesTo} onClose={() => setAdding(false)} />
      )}
    </Panel>
  );
}

type AddProps = { deal: Deal; terms: never; appliesTo: AppliesTo; onClose: () => void };

function AddDialog({ deal: { id, name, versions }, terms, appliesTo, onClose }: AddProps) {
  const [from, setFrom] = useState('');
  const run = async () => {
    const { data } = await client.POST('/v1/deals/{id}/versions', {
      params: { path: { id } },
      body: { terms, applies_to: appliesTo, ...(from && { effective_from: from }) },
    });
    await refresh();
    toast(`Version ${data!.version} of ${name} is added.`);
  };
  return (
    <Confirm
      title={`Version ${versions.length + 1} of ${name}`}
      confirm="Add 1 version"
      run={run}
      onClose={onClose}
    >
      <p className="break">It pays {summaryOf(terms) || 'nothing'}.</p>
      <p>
        Events since it begins that were settled are rated again, and affiliates hear of the difference. A
        version cannot be taken away; a later one replaces it.
      </p>
      <TimeField label="From" value={from} onChange={setFrom} help="Empty: from now on." />
    </Confirm>
  );
}
