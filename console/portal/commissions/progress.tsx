// Customers on their way to a bounty.
import { PageFrame } from '../../parts/layout.tsx';
import { Progress } from '../../pages/affiliates/progress.tsx';
import { useAffiliate } from '../own.ts';

export function Page() {
  const { id } = useAffiliate();
  return (
    <PageFrame title="Progress" about="What each customer still needs before a commission is earned.">
      <Progress id={id} />
    </PageFrame>
  );
}
