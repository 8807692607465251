// Changes where a link leads: its landing page, its parameters, and hosts of deep links.
import { useState } from 'react';
import { Confirm } from '../../parts/dialog.tsx';
import { CodeField, TextField } from '../../parts/form.tsx';
import { toast } from '../../parts/toasts.tsx';
import { client, refresh } from '../../wire/client.ts';
import type { RowOf } from '../../wire/types.ts';

type Link = RowOf<'/v1/links'>;

/** Parameters as lines of text, `name=value`. Null where a line is none. */
function paramsOf(text: string): Record<string, string> | null {
  const lines = linesOf(text).map((line) => /^([^=\s]+)=(.*)$/.exec(line));
  if (lines.includes(null)) return null;
  return Object.fromEntries(lines.map((found) => [found![1]!, found![2]!]));
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

export function ChangeLink({ link, onClose }: { link: Link; onClose: () => void }) {
  const [landing, setLanding] = useState(link.landing_url);
  const [params, setParams] = useState(
    Object.entries(link.params)
      .map(([name, value]) => `${name}=${value}`)
      .join('\n'),
  );
  const [hosts, setHosts] = useState(link.deep_link_hosts.join('\n'));
  const given = paramsOf(params);
  const run = async () => {
    await client.PATCH('/v1/links/{id}', {
      params: { path: { id: link.id } },
      body: { landing_url: landing.trim(), params: given!, deep_link_hosts: linesOf(hosts) },
    });
    await refresh();
    toast('Saved. Visitors notice within ten seconds.');
  };
  return (
    <Confirm
      title="Change a link"
      confirm="Change 1 link"
      isReady={/^https?:\/\/./i.test(landing.trim()) && given !== null}
      run={run}
      onClose={onClose}
    >
      <p>The link itself, {link.url}, stays as it is, and so do the clicks that it counted.</p>
      <TextField
        label="Landing page"
        value={landing}
        onChange={setLanding}
        help="May hold macros such as {click_id} or {sub1}. click_id and the subs are appended."
      />
      <CodeField
        label="Parameters, one a line"
        value={params}
        onChange={setParams}
        rows={3}
        hint="source={affiliate_id}"
        isWrong={given === null}
        help={given === null ? 'A line must be a name, = and a value.' : 'Appended to the landing page.'}
      />
      <CodeField
        label="Hosts of deep links, one a line"
        value={hosts}
        onChange={setHosts}
        rows={3}
        hint="*.shop.example"
        help="Where ?to= and ?url= of the link may lead, beside the landing page’s own host."
      />
    </Confirm>
  );
}
