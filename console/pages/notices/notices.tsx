// Notice channels: which people are told of what, by mail or in a chat, and what kept the last
// message from them.
import { useState } from 'react';
import { counted } from '../../format/money.ts';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { Empty, PageFrame, Panel } from '../../parts/layout.tsx';
import { List } from '../../parts/list.tsx';
import type { Column } from '../../parts/table.tsx';
import { toast } from '../../parts/toasts.tsx';
import { Badge, Time } from '../../parts/values.tsx';
import { api, client, refresh } from '../../wire/client.ts';
import { paged } from '../../wire/lists.ts';
import { useMay } from '../../wire/session.ts';
import { NewChannel } from './new-channel.tsx';
import { KINDS, NOTICES, type Channel } from './notice-words.ts';
import { TestChannel } from './test-channel.tsx';

const LIVE_MS = 10_000;

type Asked = { verb: 'add' } | { verb: 'test' | 'remove'; channel: Channel };

export function Page() {
  const [asked, ask] = useState<Asked | null>(null);
  const mayManage = useMay('manage');
  const close = () => ask(null);
  const pages = api.useInfiniteQuery(
    'get',
    '/v1/notice-channels',
    { params: { query: { limit: 50 } } },
    { ...paged, refetchInterval: LIVE_MS },
  );
  return (
    <PageFrame
      title="Notices"
      about="Whom to tell when something needs a person. Your own webhooks get the same as postbacks."
      actions={
        mayManage && (
          <Button kind="primary" onClick={() => ask({ verb: 'add' })}>
            New channel…
          </Button>
        )
      }
    >
      <Panel
        title="Channels"
        about="What happens within a minute is one message. One that cannot be sent is tried again for 72 hours."
        bare
      >
        <List
          caption="Channels"
          one="channel"
          pages={pages}
          columns={mayManage ? [...COLUMNS, actions(ask)] : COLUMNS}
          empty={
            <Empty title="Nobody is told.">
              Without a channel, what is stuck is seen only by those who look here.
            </Empty>
          }
        />
      </Panel>
      {asked?.verb === 'add' && <NewChannel onClose={close} />}
      {asked?.verb === 'test' && <TestChannel channel={asked.channel} onClose={close} />}
      {asked?.verb === 'remove' && <RemoveDialog channel={asked.channel} onClose={close} />}
    </PageFrame>
  );
}

const COLUMNS: readonly Column<Channel>[] = [
  {
    title: 'To',
    cell: ({ kind, target }) => (
      <>
        <span className="breaks-late">{target}</span>
        <div className="muted small">{KINDS[kind]}</div>
      </>
    ),
  },
  {
    title: 'Of what',
    cell: ({ notices }) =>
      notices.length === Object.keys(NOTICES).length
        ? 'everything'
        : notices.map((notice) => NOTICES[notice].toLowerCase()).join(', '),
  },
  {
    title: 'Last message',
    cell: ({ last_sent_at: at }) => <Time at={at} none="none yet" />,
  },
  { title: 'Condition', cell: condition },
  { title: 'Made', cell: ({ created_at: at }) => <Time at={at} /> },
];

function condition({ last_error: error, failures, waiting, dropped }: Channel) {
  return (
    <>
      {failures > 0 ? (
        <Badge tone="bad">{`failed ${counted(failures, 'time')} in a row`}</Badge>
      ) : (
        <Badge tone="good">nothing failed</Badge>
      )}
      {error !== null && <div className="small break">{error}</div>}
      {waiting > 0 && <div className="muted small">{counted(waiting, 'notice')} on the way</div>}
      {dropped > 0 && (
        <div className="muted small">
          {counted(dropped, 'notice')} dropped, after 72 hours without success
        </div>
      )}
    </>
  );
}

const actions = (ask: (asked: Asked) => void): Column<Channel> => ({
  title: 'Actions',
  hidden: true,
  end: true,
  cell: (channel) => (
    <div className="row">
      <Button aria-label={`Test ${channel.target}`} onClick={() => ask({ verb: 'test', channel })}>
        Test…
      </Button>
      <Button
        kind="danger"
        aria-label={`Remove ${channel.target}`}
        onClick={() => ask({ verb: 'remove', channel })}
      >
        Remove…
      </Button>
    </div>
  ),
});

type RemoveProps = { channel: Channel; onClose: () => void };

function RemoveDialog({ channel: { id, target, waiting }, onClose }: RemoveProps) {
  const run = async () => {
    await client.DELETE('/v1/notice-channels/{id}', { params: { path: { id } } });
    await refresh();
    toast(`Nothing is sent to ${target} any more.`);
  };
  return (
    <Confirm title={`Remove ${target}`} confirm="Remove 1 channel" kind="danger" run={run} onClose={onClose}>
      <p>No more notices go there{waiting > 0 && `, nor the ${counted(waiting, 'notice')} on the way`}.</p>
    </Confirm>
  );
}
