// Activities of erasures: one gives a customer's events another id, the steps after it empty what
// was made from these events.
import type { Pool } from '../../store/db/pool.ts';
import { renameCustomer } from '../../store/upkeep/erasing.ts';
import { stepErasure, type ErasedPage } from '../../store/upkeep/erasing-pages.ts';
import type { ErasureInput } from '../../workflows/contract.ts';

/** Counts only: who is erased belongs into no history. */
export type ErasureStep = Omit<ErasedPage, 'isSending'>;

export type ErasureActivities = {
  renameCustomer(input: ErasureInput): Promise<void>;
  /** `waitMs`: time until what is being sent now is over. */
  erasureStep(input: ErasureInput): Promise<ErasureStep & { waitMs: number }>;
};

/** Length of one step: a fraction of its timeout. */
const STEP_MS = 10_000;

/**
 * A postback that is being sent was read before it was emptied, and the answer to it may repeat it.
 * A request is over within 25 s of its claim; first tries begin within seconds.
 */
export const SENDING_MS = 30_000;

export function createErasures({ pool, sendingMs }: { pool: Pool; sendingMs: number }): ErasureActivities {
  return {
    renameCustomer: ({ operatorId, erasureId }) => renameCustomer(pool, operatorId, erasureId),
    async erasureStep({ operatorId, erasureId }) {
      const endsAt = Date.now() + STEP_MS;
      for (;;) {
        const { isSending, ...page } = await stepErasure(pool, operatorId, erasureId);
        const waitMs = isSending ? sendingMs : 0;
        if (page.state === 'done' || isSending || Date.now() > endsAt) return { ...page, waitMs };
      }
    },
  };
}
