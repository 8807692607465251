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
  currency: string | null;
  minor: bigint | null;
  count: number;
  oldestAt: Date;
  /** When the first of them is tried; null where none is without a person. */
  nextAttemptAt: Date | null;
  /** Whether the endpoint's own workflow shows one of them: it is in its queue, or was given up. */
  hasWorkflow: boolean;
};

/** `reasons`: the most frequent one first. `notTold`: what the postbacks report, by currency. */
export type StuckGroup = Pick<StuckPart, 'count' | 'oldestAt' | 'nextAttemptAt' | 'hasWorkflow'> & {
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
  const counts = new Map<string, number>();
  for (const { currency, minor, reason, count } of parts) {
    if (currency !== null && minor !== null) sums.set(currency, (sums.get(currency) ?? 0n) + minor);
    counts.set(reason, (counts.get(reason) ?? 0) + count);
  }
  const dues = parts.flatMap(({ nextAttemptAt }) => nextAttemptAt ?? []);
  return {
    count: parts.reduce((sum, { count }) => sum + count, 0),
    oldestAt: earliest(parts.map(({ oldestAt }) => oldestAt))!,
    nextAttemptAt: earliest(dues),
    hasWorkflow: parts.some(({ hasWorkflow }) => hasWorkflow),
    endpointIds: [...new Set(parts.map(({ endpointId }) => endpointId))].sort(),
    reasons: [...counts]
      .map(([reason, count]) => ({ reason, count }))
      .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)),
    notTold: [...sums]
      .map(([currency, minor]) => ({ currency, minor }))
      .sort((a, b) => (a.currency < b.currency ? -1 : 1)),
  };
}

function earliest(times: readonly Date[]): Date | null {
  return times.reduce<Date | null>((first, time) => (first === null || time < first ? time : first), null);
}
