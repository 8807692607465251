// How a receiver verifies the postbacks of an endpoint: its key, and programs to copy, which are
// those of docs/VERIFYING.md.
import { useState } from 'react';
import document from '../../../docs/VERIFYING.md?raw';
import type { Endpoint } from '../../pages/endpoints/condition.tsx';
import { Panel } from '../../parts/layout.tsx';
import { Tabs } from '../../parts/tabs.tsx';
import { Copy, Facts } from '../../parts/values.tsx';
import { programsIn } from './programs.ts';

const PROGRAMS = programsIn(document);

export function Verifying({ endpoint }: { endpoint: Endpoint }) {
  const { signing, public_key: publicKey, method, url } = endpoint;
  const [language, setLanguage] = useState(PROGRAMS[0]!.language);
  if (signing === 'none')
    return (
      <Panel title="Not signed">
        <p>
          Postbacks to this endpoint carry no signature: anybody who knows its address can send one. Choose a
          signature under <em>Change</em>.
        </p>
      </Panel>
    );
  return (
    <Panel title="Verify" about="That a postback is genuine, unchanged and recent. Drop repeated ids.">
      <Facts
        of={[
          [
            'Key',
            signing === 'v1a' ? (
              <span key="key" className="row">
                <code className="break">{publicKey}</code>
                <Copy text={publicKey ?? ''} label="Copy the public key" />
              </span>
            ) : (
              'the secret (whsec_…), which was shown when the endpoint was added. Lost? Rotate it.'
            ),
          ],
          ['Method', method],
          [
            'URL',
            <code key="url" className="break">
              {url}
            </code>,
          ],
        ]}
      />
      <Tabs
        label="Language"
        chosen={language}
        onChoose={setLanguage}
        tabs={PROGRAMS.map(({ language: name, code, notes }) => ({
          id: name,
          label: name,
          content: () => (
            <div className="stack">
              <div className="row row-between">
                <span className="small">Returns whether the request is genuine.</span>
                <Copy text={code} label={`Copy the program in ${name}`} />
              </div>
              <pre className="snippet" tabIndex={0}>
                {code}
              </pre>
              {notes.map((note) => (
                <p key={note} className="small">
                  {note}
                </p>
              ))}
            </div>
          ),
        }))}
      />
    </Panel>
  );
}
