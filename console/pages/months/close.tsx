// Closing a month of the books.
import { Confirm } from '../../parts/dialog.tsx';
import { toast } from '../../parts/toasts.tsx';
import { client, refresh } from '../../wire/client.ts';

export function CloseDialog({ month, onClose }: { month: string; onClose: () => void }) {
  const run = async () => {
    await client.POST('/v1/periods/{period}/close', { params: { path: { period: month } } });
    await refresh();
    toast(`${month} is being closed: its statements are written.`);
  };
  return (
    <Confirm title={`Close ${month}`} confirm="Close 1 month" kind="danger" run={run} onClose={onClose}>
      <p>
        Its statements are written, one for each affiliate and currency, and nothing is booked into it any
        more. What comes late, such as a chargeback of {month}, is booked into the month that is open then,
        and says so.
      </p>
      <p>
        <strong>A closed month never opens again.</strong>
      </p>
    </Confirm>
  );
}
