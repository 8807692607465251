// The state of a month of the books. An open month is nothing bad, unlike an open breaker.
import { Badge } from '../../parts/values.tsx';
import type { RowOf } from '../../wire/types.ts';

const TONES = { open: 'info', closing: 'warn', closed: 'good' } as const;

export function MonthState({ of: status }: { of: RowOf<'/v1/periods'>['status'] }) {
  return <Badge tone={TONES[status]}>{status}</Badge>;
}
