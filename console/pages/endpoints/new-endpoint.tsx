// The button that adds an endpoint: of an affiliate, or of the operator.
import { lazy, Suspense, useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { useMay } from '../../wire/session.ts';

const EndpointForm = lazy(async () => ({ default: (await import('./endpoint-form.tsx')).EndpointForm }));

/** Without `affiliateId`, whose it is is chosen. */
export function NewEndpoint({ affiliateId }: { affiliateId?: string }) {
  const [isAdding, setAdding] = useState(false);
  if (!useMay('manage')) return null;
  return (
    <>
      <Button kind="primary" onClick={() => setAdding(true)}>
        New endpoint…
      </Button>
      {isAdding && (
        <Suspense fallback={null}>
          <EndpointForm
            owner={affiliateId === undefined ? { chosen: true } : { affiliateId }}
            onClose={() => setAdding(false)}
          />
        </Suspense>
      )}
    </>
  );
}
