// Settings of the operator: each group with its values in words, changed in a form; own names of
// events, own currencies, and the secret that signs events.
import { useState } from 'react';
import { Link } from 'wouter';
import { Button } from '../../parts/button.tsx';
import { Loaded, PageFrame, Panel } from '../../parts/layout.tsx';
import { Facts, Id, Time } from '../../parts/values.tsx';
import { api } from '../../wire/client.ts';
import { useMay } from '../../wire/session.ts';
import { ChangeSettings } from './change-settings.tsx';
import { Currencies } from './currencies.tsx';
import { EventNames } from './event-names.tsx';
import { InboundSecret } from './inbound-secret.tsx';
import { GROUPS, type Operator, type SettingGroup } from './setting-table.ts';
import { inWords, textOf } from './setting-values.ts';

export function Page() {
  const query = api.useQuery('get', '/v1/operator', {});
  return (
    <PageFrame
      title="Settings"
      about="Of the operator. A change holds at once, for what comes from then on; the audit log keeps who made it."
    >
      <Loaded query={query} of="the settings">
        {(operator) => (
          <>
            <div className="columns">
              {GROUPS.map((group) => (
                <Group key={group.title} group={group} operator={operator} />
              ))}
              <InboundSecret />
              <Fixed operator={operator} />
            </div>
            <EventNames />
            <Currencies />
          </>
        )}
      </Loaded>
    </PageFrame>
  );
}

function Group({ group, operator }: { group: SettingGroup; operator: Operator }) {
  const [isAsked, ask] = useState(false);
  const mayManage = useMay('manage');
  return (
    <Panel
      title={group.title}
      actions={
        mayManage && (
          <Button aria-label={`Change ${group.title}`} onClick={() => ask(true)}>
            Change…
          </Button>
        )
      }
    >
      <Facts
        of={group.settings.map((setting) => [
          setting.label,
          <>
            <span className="as-written">{inWords(setting, textOf(setting, operator))}</span>
            <div className="muted small">{setting.about}</div>
          </>,
        ])}
      />
      {isAsked && <ChangeSettings group={group} operator={operator} onClose={() => ask(false)} />}
    </Panel>
  );
}

/** What cannot be changed, or is changed elsewhere. */
function Fixed({ operator }: { operator: Operator }) {
  return (
    <Panel title="Fixed">
      <Facts
        of={[
          ['Currency', `${operator.currency}, of deals that name none`],
          ['Id', <Id key="id" id={operator.id} />],
          ['Since', <Time key="since" at={operator.created_at} />],
          [
            'Payout account',
            <Link key="account" href="/payout-runs">
              {operator.has_payout_account ? 'known' : 'not known yet'}
            </Link>,
          ],
        ]}
      />
    </Panel>
  );
}
