// Postbacks to all endpoints of the affiliate.
import { PageFrame } from '../../parts/layout.tsx';
import { DeliveryList } from './delivery-list.tsx';

export function Page() {
  return (
    <PageFrame title="Postbacks" about="Every message to your servers, with its attempts.">
      <DeliveryList />
    </PageFrame>
  );
}
