// The onboarding check: what the integration lacks, and what to do about it.
import { plain } from '../../format/words.ts';
import { Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { Table, type Column } from '../../parts/table.tsx';
import { Badge, Copy } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import type { Answer } from '../../wire/types.ts';

type Check = Answer<'/v1/onboarding'>['checks'][number];

const LIVE_MS = 10_000;

const STATES = { ok: ['good', 'ok'], missing: ['off', 'missing'], attention: ['bad', 'look at it'] } as const;

const COLUMNS: readonly Column<Check>[] = [
  { title: 'Check', cell: ({ check }) => <span className="sentence">{plain(check)}</span> },
  {
    title: 'State',
    cell: ({ state }) => {
      const [tone, text] = STATES[state];
      return <Badge tone={tone}>{text}</Badge>;
    },
  },
  { title: 'What to do', cell: ({ todo }) => (todo === '' ? <span className="muted">nothing</span> : todo) },
];

export function Page() {
  const query = api.useQuery('get', '/v1/onboarding', {}, { refetchInterval: LIVE_MS });
  return (
    <PageFrame title="Onboarding" about="What your site and systems send, checked as it comes in.">
      <Loaded query={query} of="the checks">
        {({ checks, capture_script: script }) => (
          <>
            <Panel
              title="The script for every page of your site"
              actions={<Copy text={script} label="Copy the script" />}
            >
              <pre tabIndex={0}>{script}</pre>
            </Panel>
            <Panel title="Checks" bare>
              <Table
                caption="Checks"
                columns={COLUMNS}
                rows={checks}
                keyOf={({ check }) => check}
                empty={null}
              />
            </Panel>
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}
