// Events set aside: what each lacks, and settling again or rejecting by a person.
import { useState } from 'react';
import { Link } from 'wouter';
import { reasonText } from '../../format/words.ts';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { useMay } from '../../wire/session.ts';
import type { RowOf } from '../../wire/types.ts';
import { EVENT } from '../events/columns.tsx';
import { WaitingForRates } from '../fx-rates/waiting.tsx';
import { formFor, lackedIn } from '../fx-rates/wanted.ts';
import { DownloadList } from '../download-list.tsx';

type Event = RowOf<'/v1/events'>;
type Asked = { event: Event; verb: 'retry' | 'dismiss' };

export function Page() {
  const [asked, ask] = useState<Asked | null>(null);
  const mayManage = useMay('manage');
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/events',
    { params: { query: { status: 'set_aside', limit: 50 } } },
    paged,
  );
  return (
    <PageFrame
      title="Set aside"
      about="Events whose rule failed, or that lack something. They wait, and are settled by themselves when it is there."
    >
      <WaitingForRates />
      <Panel
        title="Events set aside"
        actions={<DownloadList path="/v1/events" query={{ status: 'set_aside' }} name="set-aside" />}
        bare
      >
        <List
          caption="Events set aside"
          one="event"
          pages={pages}
          columns={[...COLUMNS, ...(mayManage ? [actions(ask)] : [])]}
          empty={<Empty title="Nothing is set aside.">Every event could be settled.</Empty>}
        />
      </Panel>
      {asked?.verb === 'retry' && <RetryDialog event={asked.event} onClose={() => ask(null)} />}
      {asked?.verb === 'dismiss' && <DismissDialog event={asked.event} onClose={() => ask(null)} />}
    </PageFrame>
  );
}

const COLUMNS: readonly Column<Event>[] = [
  EVENT.id,
  EVENT.type,
  EVENT.transaction,
  EVENT.amount,
  {
    title: 'What is missing',
    cell: ({ reason, detail }) => (
      <>
        {reasonText(reason ?? '')}
        {detail && <div className="muted small break">{detail}</div>}
        {detail && <EnterRate detail={detail} />}
      </>
    ),
  },
  EVENT.occurred,
];

/** The way to the rate that an event lacks, if it lacks one. */
function EnterRate({ detail }: { detail: string }) {
  const wanted = lackedIn(detail);
  return (
    wanted && (
      <Link className="small" href={formFor(wanted)}>
        Enter this rate
      </Link>
    )
  );
}

const actions = (ask: (asked: Asked) => void): Column<Event> => ({
  title: 'Actions',
  hidden: true,
  end: true,
  cell: (event) => (
    <div className="row">
      <Button aria-label={`Settle again: ${event.id}`} onClick={() => ask({ event, verb: 'retry' })}>
        Settle again
      </Button>
      <Button kind="danger" aria-label={`Reject ${event.id}`} onClick={() => ask({ event, verb: 'dismiss' })}>
        Reject…
      </Button>
    </div>
  ),
});

type DialogProps = { event: Event; onClose: () => void };

function RetryDialog({ event, onClose }: DialogProps) {
  const run = async () => {
    const { data } = await client.POST('/v1/set-aside/{event_id}/retry', {
      params: { path: { event_id: event.id } },
    });
    return data!;
  };
  return (
    <Confirm
      title={`Settle again what lacks ${reasonText(event.reason ?? 'the same')}`}
      confirm="Settle all of them again"
      run={run}
      result={({ lacking }) => (
        <div role="status" className="stack">
          <p>Under way. Until now was missing:</p>
          <p className="notice">{lacking}</p>
        </div>
      )}
      onClose={() => {
        onClose();
        void refresh();
      }}
    >
      <p>
        All events that were set aside for the same reason are settled again: what helps one helps them all.
      </p>
    </Confirm>
  );
}

function DismissDialog({ event, onClose }: DialogProps) {
  const run = async () => {
    await client.POST('/v1/set-aside/{event_id}/dismiss', { params: { path: { event_id: event.id } } });
    await refresh();
  };
  return (
    <Confirm title="Reject for good" confirm="Reject 1 event" kind="danger" run={run} onClose={onClose}>
      <p>The event is kept, with its reason, and earns nothing. This cannot be taken back.</p>
    </Confirm>
  );
}
