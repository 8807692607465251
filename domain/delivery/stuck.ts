// Stuck deliveries in groups, by endpoint or by reason: counts, the oldest, and what was not told.

export const STUCK_GROUPS = ['endpoint', 'reason'] as const;
export type StuckGroupBy = (typeof STUCK_GROUPS)[number];

export const STUCK_STATES = ['retrying', 'held', 'gave_up'] as const;
export type StuckState = (typeof STUCK_STATES)[number];

/** What a person does to all stuck deliveries of a filter; `pause` is about their endpoints. */
export const STUCK_ACTIONS = ['retry', 'give_up', 'acknowledge', 'pause'] as const;
export type StuckAction = (typeof STUCK_ACTIONS)[number];

export const STUCK_ORDERS = ['oldest', 'count'] as const;
export type StuckOrder = (typeof STUCK_ORDERS)[number];

/** Stuck deliveries to one endpoint for one reason, of one currency or without an amount. */
export type StuckPart = {
  endpointId: string;
  reason: string;
  /** Why a person paused them; null where nobody did. */
  pauseReason: string | null;
  currency: string | null;
  minor: bigint;
  count: number;
  oldestMs: number;
  /** When the first of them is tried; null where none is without a person. */
  nextAttemptMs: number | null;
  /** Whether the endpoint's own workflow shows one of them: it is in its queue, or was given up. */
  hasWorkflow: boolean;
};

/**
 * `reasons`: the most frequent one first. `pauseReason`: the most frequent one. `notTold`: what the
 * postbacks report, by currency.
 */
export type StuckGroup = Pick<StuckPart, 'count' | 'hasWorkflow' | 'pauseReason'> & {
  oldestAt: Date;
  nextAttemptAt: Date | null;
  endpointIds: string[];
  reasons: { reason: string; count: number }[];
  notTold: { currency: string; minor: bigint }[];
};

/** Groups in their order; those that are equal in it are in the order of their ids or reasons. */
export function groupStuck(
  parts: readonly StuckPart[],
  by: StuckGroupBy,
  order: StuckOrder = 'oldest',
): StuckGroup[] {
  const groups = new Map<string, StuckPart[]>();
  for (const part of parts) {
    const key = by === 'endpoint' ? part.endpointId : part.reason;
    const group = groups.get(key);
    if (group) group.push(part);
    else groups.set(key, [part]);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, group]) => joined(group))
    .sort((a, b) => (order === 'count' ? b.count - a.count : a.oldestAt.getTime() - b.oldestAt.getTime()));
}

/** All parts in one group; null without parts. */
export function joinStuck(parts: readonly StuckPart[]): StuckGroup | null {
  return parts.length === 0 ? null : joined(parts);
}

function joined(parts: readonly StuckPart[]): StuckGroup {
  const sums = new Map<string, bigint>();
  for (const { currency, minor } of parts)
    if (currency !== null) sums.set(currency, (sums.get(currency) ?? 0n) + minor);
  const dues = parts.flatMap(({ nextAttemptMs }) => nextAttemptMs ?? []);
  const reasons = counted(parts, ({ reason }) => reason);
  return {
    count: parts.reduce((sum, { count }) => sum + count, 0),
    oldestAt: earliest(parts.map(({ oldestMs }) => oldestMs))!,
    nextAttemptAt: earliest(dues),
    hasWorkflow: parts.some(({ hasWorkflow }) => hasWorkflow),
    pauseReason: counted(parts, ({ pauseReason }) => pauseReason)[0]?.word ?? null,
    endpointIds: [...new Set(parts.map(({ endpointId }) => endpointId))].sort(),
    reasons: reasons.map(({ word, count }) => ({ reason: word, count })),
    notTold: [...sums]
      .map(([currency, minor]) => ({ currency, minor }))
      .sort((a, b) => (a.currency < b.currency ? -1 : 1)),
  };
}

/** Words of parts with the number of deliveries, the most frequent first. */
function counted(
  parts: readonly StuckPart[],
  wordOf: (part: StuckPart) => string | null,
): { word: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const part of parts) {
    const word = wordOf(part);
    if (word !== null) counts.set(word, (counts.get(word) ?? 0) + part.count);
  }
  return [...counts]
    .map(([word, count]) => ({ word, count }))
    .sort((a, b) => b.count - a.count || (a.word < b.word ? -1 : 1));
}

function earliest(times: readonly number[]): Date | null {
  const first = times.reduce((earlier, time) => Math.min(earlier, time), Infinity);
  return first === Infinity ? null : new Date(first);
}
