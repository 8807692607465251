// The trace of an event, as far as it concerns the affiliate.
import { Link } from 'wouter';
import { TracePage } from '../../pages/events/trace.tsx';

export function Page() {
  return <TracePage crumb={<Link href="/commissions">Commissions</Link>} />;
}
