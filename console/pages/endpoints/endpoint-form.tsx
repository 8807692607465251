// The form of an endpoint, for a new one and for changes.
import { useState } from 'react';
import { useLocation } from 'wouter';
import { isId } from '../../format/places.ts';
import { Button } from '../../parts/button.tsx';
import { Confirm } from '../../parts/dialog.tsx';
import { Choice, SelectField, TextField } from '../../parts/form.tsx';
import { ShownOnce } from '../../parts/shown-once.tsx';
import { refresh } from '../../wire/client.ts';
import { useMay } from '../../wire/session.ts';
import { AffiliateField } from '../affiliates/pick.tsx';
import type { Endpoint } from './condition.tsx';
import { add, change, isComplete, NEW, settingsOf, type Saved, type Settings } from './endpoint-settings.ts';
import { HeadersField } from './headers-field.tsx';
import { Listening } from './listening.tsx';

/** Whose a new endpoint is: it is chosen in the form, or an affiliate's that is known. */
type Owner = { chosen: true } | { affiliateId: string };

type FormProps = {
  /** Without it: a new one. */
  endpoint?: Endpoint;
  /** Of a new one, in the console. In the portal it is the affiliate's own. */
  owner?: Owner;
  onClose: () => void;
};

export function EndpointForm({ endpoint, owner, onClose }: FormProps) {
  const [, navigate] = useLocation();
  const [settings, setSettings] = useState<Settings>(endpoint ? settingsOf(endpoint) : NEW);
  const [kind, setKind] = useState<'affiliate' | 'operator'>('affiliate');
  const [affiliateId, setAffiliateId] = useState('');
  const mayShareIds = useMay('manage');
  const isChosen = owner !== undefined && 'chosen' in owner;
  const isOperators = endpoint ? endpoint.affiliate_id === null : isChosen && kind === 'operator';
  const set = (changed: Partial<Settings>) => setSettings({ ...settings, ...changed });
  const run = async () => {
    const of = isChosen ? (isOperators ? undefined : affiliateId) : owner?.affiliateId;
    const saved = await (endpoint ? change(endpoint, settings) : add(settings, of));
    await refresh();
    return saved;
  };
  return (
    <Confirm
      title={endpoint ? 'Change the endpoint' : 'New endpoint'}
      confirm={endpoint ? 'Save 1 endpoint' : 'Add 1 endpoint'}
      isReady={isComplete(settings) && (!isChosen || isOperators || isId(affiliateId))}
      run={run}
      result={(saved) => (
        <Result saved={saved} isNew={!endpoint} onOpen={() => navigate(`/endpoints/${saved.id}`)} />
      )}
      onClose={onClose}
      wide
    >
      {isChosen && (
        <SelectField
          label="Of"
          value={kind}
          onChange={setKind}
          options={[
            ['affiliate', 'an affiliate, told of its own conversions'],
            ['operator', 'yourself, told of all affiliates’'],
          ]}
        />
      )}
      {isChosen && !isOperators && <AffiliateField value={affiliateId} onChange={setAffiliateId} />}
      <Address settings={settings} onChange={set} />
      <Listening chosen={settings.events} onChange={(events) => set({ events })} isOperators={isOperators} />
      {mayShareIds && (
        <Choice
          label="Send the ids of customers"
          isChosen={settings.shareCustomerId}
          onChange={(shareCustomerId) => set({ shareCustomerId })}
        />
      )}
      <HeadersField value={settings.headers} onChange={(headers) => set({ headers })} />
      <Limits settings={settings} onChange={set} />
    </Confirm>
  );
}

type PartProps = { settings: Settings; onChange: (changed: Partial<Settings>) => void };

/** Its name, where it is, and in which form postbacks come there. */
function Address({ settings: { name, url, method, body, signing }, onChange }: PartProps) {
  return (
    <>
      <TextField
        label="Name"
        value={name}
        onChange={(changed) => onChange({ name: changed })}
        help="May be left out."
      />
      <TextField
        label="URL"
        value={url}
        onChange={(changed) => onChange({ url: changed })}
        hint="https://tracker.example/postback?cid={click_id}&payout={payout}"
        help="Names in braces are filled in: {click_id}, {transaction_id}, {event}, {payout}, {payout_currency}, {status}, {sub1} to {sub5}, and more."
      />
      <div className="columns">
        <SelectField
          label="Method"
          value={method}
          onChange={(changed) => onChange({ method: changed })}
          options={[
            ['POST', 'POST, with a body'],
            ['GET', 'GET, all in the URL'],
          ]}
        />
        {method === 'POST' && (
          <SelectField
            label="Body"
            value={body}
            onChange={(changed) => onChange({ body: changed })}
            options={[
              ['json', 'JSON'],
              ['form', 'a form'],
            ]}
          />
        )}
        <SelectField
          label="Signature"
          value={signing}
          onChange={(changed) => onChange({ signing: changed })}
          options={[
            ['v1', 'with a shared secret (HMAC)'],
            ['v1a', 'with a key pair (ed25519)'],
            ['none', 'none'],
          ]}
        />
      </div>
    </>
  );
}

/** How much at a time it takes. */
function Limits({ settings: { maxInFlight, ratePerSecond }, onChange }: PartProps) {
  return (
    <details>
      <summary>Limits</summary>
      <div className="columns">
        <TextField
          label="At once"
          value={maxInFlight}
          onChange={(changed) => onChange({ maxInFlight: changed })}
          help="Postbacks under way to it at the same time, 1 to 64."
        />
        <TextField
          label="A second"
          value={ratePerSecond}
          onChange={(changed) => onChange({ ratePerSecond: changed })}
          hint="no limit"
          help="Postbacks in a second, at most."
        />
      </div>
    </details>
  );
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
