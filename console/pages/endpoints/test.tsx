// A test of an endpoint: a postback that means nothing, and how it went, phase by phase.
import { duration } from '../../format/time.ts';
import { reasonText } from '../../format/words.ts';
import { Confirm } from '../../parts/dialog.tsx';
import { Badge, Facts } from '../../parts/values.tsx';
import { client } from '../../wire/client.ts';
import type { Posted } from '../../wire/types.ts';
import { nameOf, type Endpoint } from './condition.tsx';

type Trial = Posted<'/v1/endpoints/{id}/test'>;

export function TestDialog({ endpoint, onClose }: { endpoint: Endpoint; onClose: () => void }) {
  const run = async () => {
    const { data } = await client.POST('/v1/endpoints/{id}/test', { params: { path: { id: endpoint.id } } });
    return data!;
  };
  return (
    <Confirm
      title={`Test ${nameOf(endpoint)}`}
      confirm="Send 1 test postback"
      run={run}
      result={(trial) => <Result trial={trial} />}
      onClose={onClose}
      wide
    >
      <p>
        Sends a postback of the type <code>endpoint.test</code>, signed like the others. It means nothing, is
        not tried again, and changes neither the breaker nor the queue. It may take up to 15 seconds.
      </p>
    </Confirm>
  );
}

const PHASES = [
  ['dns_ms', 'DNS'],
  ['connect_ms', 'Connect'],
  ['tls_ms', 'TLS'],
  ['first_byte_ms', 'First byte'],
  ['total_ms', 'In all'],
] as const;

function Result({ trial }: { trial: Trial }) {
  const { verdict, advice, detail, resolved, dialled, tls, sent, received, phases } = trial;
  return (
    <div className="stack" role="status">
      <p>
        <Badge tone={verdict === 'delivered' ? 'good' : 'bad'}>{reasonText(verdict)}</Badge> {advice}
      </p>
      {detail && <p className="muted break">{detail}</p>}
      <Facts
        of={[
          ...PHASES.map(
            ([key, name]) => [name, phases[key] === null ? null : duration(phases[key])] as const,
          ),
          ['Resolved', `${resolved.host}: ${resolved.addresses.join(', ') || 'no address'}`],
          ['Dialled', dialled],
          [
            'TLS',
            tls &&
              `${tls.protocol ?? 'unknown version'}, certificate by ${tls.issuer}, valid to ${tls.valid_to ?? 'unknown'}`,
          ],
        ]}
      />
      {sent && (
        <pre tabIndex={0}>
          {`${sent.method} ${sent.url}\n${headersText(sent.headers)}\n\n${sent.body ?? ''}`.trim()}
        </pre>
      )}
      {received && (
        <pre tabIndex={0}>
          {`${received.status}\n${headersText(received.headers)}\n\n${received.excerpt ?? ''}`.trim()}
        </pre>
      )}
    </div>
  );
}

function headersText(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
}
