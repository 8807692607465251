// Settling on a real database: affiliates with deals of their own, batches, and their outcomes.
import assert from 'node:assert/strict';
import { createAmend } from '../../activities/settlement/amend.ts';
import { createSettle, type Settled } from '../../activities/settlement/settle.ts';
import type { WireTerms } from '../../domain/commission/terms.ts';
import { newId } from '../../store/db/ids.ts';
import { createAffiliates } from '../../store/attribution/affiliates.ts';
import { auditAll } from '../../store/audit/audit.ts';
import type { Finding } from '../../store/audit/context.ts';
import { createClicks } from '../../store/attribution/clicks.ts';
import { createDeals } from '../../store/agreements/deals.ts';
import type { Pool } from '../../store/db/pool.ts';
import { wireTerms } from './builders.ts';
import { CLICK_AGE_MS } from './operator.ts';

export type TestAffiliate = {
  readonly affiliateId: string;
  readonly clickId: string;
  readonly dealId: string;
};

/** Creates an affiliate with a deal of its own and an old click. */
export async function addAffiliate(
  pool: Pool,
  operatorId: string,
  deal: Partial<WireTerms> = {},
  externalId: string | null = null,
): Promise<TestAffiliate> {
  const [affiliateId, clickId, dealId] = [newId('aff'), newId('clk'), newId('deal')];
  await createAffiliates(pool).insert(operatorId, {
    id: affiliateId,
    name: 'Own Deal Media',
    externalId,
    parentId: null,
  });
  await createDeals(pool).insert(
    operatorId,
    { id: dealId, name: 'Own', affiliateId },
    new Date(0),
    wireTerms(deal),
  );
  await createClicks(pool).insert(operatorId, {
    id: clickId,
    affiliateId,
    linkId: null,
    subs: [null, null, null, null, null],
    clickedAt: Date.now() - CLICK_AGE_MS,
  });
  return { affiliateId, clickId, dealId };
}

export type Settling = (
  operatorId: string,
  eventIds: readonly string[],
  batchId?: string,
) => Promise<Settled>;

/**
 * Settles as the workflow does: a batch, then the orphans that it matched. A lock that took too
 * long is waited for again, as by the retries of activities.
 */
export function createSettling(pool: Pool, now: () => Date = () => new Date()): Settling {
  const activities = createSettle({ pool, now });
  const settleWithRetries: typeof activities.settle = async (input) => {
    for (let tries = 1; ; tries++) {
      try {
        return await activities.settle(input);
      } catch (error) {
        if (!isLockTimeout(error) || tries === 5) throw error;
      }
    }
  };
  return async (operatorId, eventIds, batchId = newId('bat')) => {
    const settled = await settleWithRetries({
      batchId,
      operators: [{ operatorId, eventIds: [...eventIds] }],
      owner: 'batch',
    });
    for (let { matched } = settled; matched.length > 0;) {
      ({ matched } = await settleWithRetries({
        batchId: newId('bat'),
        operators: matched,
        owner: 'endpoint',
      }));
    }
    return settled;
  };
}

function isLockTimeout(error: unknown): boolean {
  return (error as { code?: unknown }).code === '55P03';
}

/** Applies all changes of an operator's events that wait, as its workflow does. */
export async function applyChanges(pool: Pool, operatorId: string): Promise<void> {
  const handOver = () => Promise.resolve({ workflows: 0 });
  const { applyAmendments } = createAmend({ pool, ...createSettle({ pool }), handOver });
  for (;;) {
    const { isEnd, waiting } = await applyAmendments({ operatorId });
    assert.deepEqual(waiting, {});
    if (isEnd) return;
  }
}

/**
 * Outcomes of events, in the order of the given ids: `settled 10.00` or `rejected click_expired`.
 */
export async function outcomesOf(pool: Pool, eventIds: readonly string[]): Promise<string[]> {
  const { rows } = await pool.query<{
    id: string;
    status: string;
    reason: string | null;
    payoutMinor: bigint | null;
  }>(
    `select event_id as id, status, reason, payout_minor as "payoutMinor"
     from event_outcomes
     where event_id = any($1)`,
    [eventIds],
  );
  const byId = new Map(
    rows.map(({ id, status, reason, payoutMinor }) => [
      id,
      `${status} ${reason ?? payoutMinor ?? ''}`.trim(),
    ]),
  );
  return eventIds.map((id) => byId.get(id) ?? 'accepted');
}

/** Pending minor units of an affiliate in the cached balances; 0 when it never earned. */
export async function pendingOf(pool: Pool, affiliateId: string): Promise<bigint> {
  const { rows } = await pool.query<{ minor: bigint }>(
    `select pending_minor as minor from balances where affiliate_id = $1`,
    [affiliateId],
  );
  return rows.reduce((sum, { minor }) => sum + minor, 0n);
}

/**
 * Findings of the audit as `check about: detail`, their checks, and the number of audited
 * transfers. `only`: the id of the operator to audit.
 */
export async function auditOf(
  pool: Pool,
  only?: string,
): Promise<{ findings: string[]; checks: string[]; transfers: number }> {
  const [findings, checks]: [string[], string[]] = [[], []];
  let transfers = 0;
  const onFinding = (_: string, { check, about, detail }: Finding): void => {
    findings.push(`${check} ${about}: ${detail}`);
    checks.push(check);
  };
  const lines = auditAll(pool, onFinding, only);
  for await (const line of lines) transfers += line.transfers;
  return { findings, checks: [...new Set(checks)].sort(), transfers };
}
