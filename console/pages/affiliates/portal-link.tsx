// A link that opens an affiliate's own portal for an hour, copied as soon as it is made.
import { Confirm } from '../../parts/dialog.tsx';
import { Copy, Time } from '../../parts/values.tsx';
import { client } from '../../wire/client.ts';
import type { Affiliate } from './affiliate-types.ts';

type PortalLinkProps = { affiliate: Affiliate; onClose: () => void };

export function PortalLink({ affiliate: { id, name, state }, onClose }: PortalLinkProps) {
  const run = async () => {
    const { data } = await client.POST('/v1/affiliates/{id}/portal', { params: { path: { id } } });
    const { url, expires_at: until } = data!;
    // Not every page may write there; the link is shown as well.
    const isCopied = await navigator.clipboard.writeText(url).then(
      () => true,
      () => false,
    );
    return { url, until, isCopied };
  };
  return (
    <Confirm
      title={`Portal of ${name}`}
      confirm="Make 1 link"
      run={run}
      result={({ url, until, isCopied }) => (
        <div className="stack" role="status">
          <p>
            {isCopied ? 'The link is copied. Send it to the affiliate:' : 'Copy the link for the affiliate:'}
          </p>
          <p className="row">
            <code className="break">{url}</code>
            <Copy text={url} label="Copy the link" />
          </p>
          <p>
            It ends <Time at={until} />, or when your key does. It is shown this once.
          </p>
        </div>
      )}
      onClose={onClose}
    >
      <p>
        Whoever has the link sees what is this affiliate’s own for an hour
        {state === 'suspended'
          ? '. It is suspended, so it can change nothing.'
          : ', and sets up its endpoints.'}
      </p>
    </Confirm>
  );
}
