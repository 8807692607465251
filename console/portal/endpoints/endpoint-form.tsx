// The form of an endpoint, for a new one and for changes.
import { useState } from 'react';
import { useLocation } from 'wouter';
import type { Endpoint } from '../../pages/endpoints/condition.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { Choice, SelectField, TextField } from '../../parts/form.tsx';
import { Button } from '../../parts/button.tsx';
import { ShownOnce } from '../../parts/shown-once.tsx';
import { client, refresh } from '../../wire/client.ts';
import { headersOf, headersText, HeadersField } from './headers-field.tsx';

/** What an affiliate can listen to. */
const TYPES = [
  ['conversion.created', 'a conversion of a customer of yours'],
  ['conversion.adjusted', 'what it earns has changed'],
  ['conversion.reversed', 'it was taken back, in whole or in part'],
  ['conversion.reinstated', 'it earns again'],
  ['conversion.released', 'its commission became payable'],
  ['payout.paid', 'a payout was paid'],
] as const;
type Type = (typeof TYPES)[number][0];

type Settings = {
  name: string;
  url: string;
  method: Endpoint['method'];
  body: Endpoint['body'];
  events: readonly string[];
  signing: Endpoint['signing'];
  headers: string;
};

const NEW: Settings = {
  name: '',
  url: '',
  method: 'POST',
  body: 'json',
  events: ['*'],
  signing: 'v1',
  headers: '',
};

function settingsOf({ name, headers, url, method, body, events, signing }: Endpoint): Settings {
  return { name: name ?? '', url, method, body, events, signing, headers: headersText(headers) };
}

type Saved = { id: string; secret: string | null; warnings: readonly { message: string }[] };

/** Without `endpoint`: a new one. */
export function EndpointForm({ endpoint, onClose }: { endpoint?: Endpoint; onClose: () => void }) {
  const [, navigate] = useLocation();
  const [settings, setSettings] = useState<Settings>(endpoint ? settingsOf(endpoint) : NEW);
  const change = (changed: Partial<Settings>) => setSettings({ ...settings, ...changed });
  const run = async () => {
    const saved = await save(endpoint, settings);
    await refresh();
    return saved;
  };
  return (
    <Confirm
      title={endpoint ? 'Change the endpoint' : 'New endpoint'}
      confirm={endpoint ? 'Save 1 endpoint' : 'Add 1 endpoint'}
      isReady={settings.url !== '' && settings.events.length > 0 && headersOf(settings.headers) !== null}
      run={run}
      result={(saved) => (
        <Result saved={saved} isNew={!endpoint} onOpen={() => navigate(`/endpoints/${saved.id}`)} />
      )}
      onClose={onClose}
      wide
    >
      <TextField
        label="Name"
        value={settings.name}
        onChange={(name) => change({ name })}
        help="May be left out."
      />
      <TextField
        label="URL"
        value={settings.url}
        onChange={(url) => change({ url })}
        hint="https://tracker.example/postback?cid={click_id}&payout={payout}"
        help="Names in braces are filled in: {click_id}, {transaction_id}, {event}, {payout}, {payout_currency}, {status}, {sub1} to {sub5}, and more."
      />
      <div className="columns">
        <SelectField
          label="Method"
          value={settings.method}
          onChange={(method) => change({ method })}
          options={[
            ['POST', 'POST, with a body'],
            ['GET', 'GET, all in the URL'],
          ]}
        />
        {settings.method === 'POST' && (
          <SelectField
            label="Body"
            value={settings.body}
            onChange={(body) => change({ body })}
            options={[
              ['json', 'JSON'],
              ['form', 'a form'],
            ]}
          />
        )}
        <SelectField
          label="Signature"
          value={settings.signing}
          onChange={(signing) => change({ signing })}
          options={[
            ['v1', 'with a shared secret (HMAC)'],
            ['v1a', 'with a key pair (ed25519)'],
            ['none', 'none'],
          ]}
        />
      </div>
      <Events chosen={settings.events} onChange={(events) => change({ events })} />
      <HeadersField value={settings.headers} onChange={(headers) => change({ headers })} />
    </Confirm>
  );
}

type EventsProps = { chosen: readonly string[]; onChange: (events: readonly string[]) => void };

/** `*` is what is told unless one asks for more: it leaves out what has to be asked for. */
function Events({ chosen, onChange }: EventsProps) {
  const isAll = chosen.includes('*');
  const switched = (type: Type, isOn: boolean) =>
    onChange(isOn ? [...chosen, type] : chosen.filter((one) => one !== type));
  return (
    <fieldset className="choices">
      <legend className="label">Is told of</legend>
      <Choice
        label="Conversions, and every change of them"
        isChosen={isAll}
        onChange={(isOn) => onChange(isOn ? ['*'] : ['conversion.created'])}
      />
      {!isAll &&
        TYPES.map(([type, meaning]) => (
          <Choice
            key={type}
            label={type}
            help={meaning}
            isChosen={chosen.includes(type)}
            onChange={(isOn) => switched(type, isOn)}
          />
        ))}
    </fieldset>
  );
}

/** Throws an `ApiError` that names the fields which are wrong. */
async function save(endpoint: Endpoint | undefined, settings: Settings): Promise<Saved> {
  const wanted = sent(settings);
  if (endpoint === undefined) {
    // The type asks for every field, though those that are left out have a default.
    const { data } = await client.POST('/v1/endpoints', { body: wanted as never });
    return data!;
  }
  const before = sent(settingsOf(endpoint));
  const isChanged = ([name, value]: [string, unknown]) =>
    JSON.stringify(value) !== JSON.stringify(before[name as keyof typeof before]);
  const body = Object.fromEntries(Object.entries(wanted).filter(isChanged));
  const { data } = await client.PATCH('/v1/endpoints/{id}', { params: { path: { id: endpoint.id } }, body });
  return { ...data!, secret: data!.secret ?? null };
}

function sent({ name, headers, events, ...others }: Settings) {
  return { ...others, name: name.trim() || null, headers: headersOf(headers) ?? {}, events: [...events] };
}

type ResultProps = { saved: Saved; isNew: boolean; onOpen: () => void };

function Result({ saved: { secret, warnings }, isNew, onOpen }: ResultProps) {
  return (
    <div className="stack">
      <p role="status">{isNew ? 'It is added, and hears of the next conversion.' : 'Saved.'}</p>
      {secret && <ShownOnce what="The secret that signs its postbacks" secret={secret} />}
      {warnings.map(({ message }) => (
        <div key={message} className="notice" data-tone="warn">
          {message}
        </div>
      ))}
      {isNew && (
        <div>
          <Button onClick={onOpen}>Open it, to test it</Button>
        </div>
      )}
    </div>
  );
}
