// Judges repeated postbacks: one that its receiver accepted comes again only where somebody asked
// for it, or where it was under way at a fault, so that its record was lost.
import {
  groupBy,
  isAccepted,
  type Arrival,
  type AttemptSeen,
  type Disturbance,
  type Evidence,
  type Violation,
} from '../records.ts';

/** How long an attempt waits. */
const ANSWER_WITHIN_MS = 15_000;
/** Between an answer and its commit, on a busy machine. */
const RECORDED_WITHIN_MS = 2000;
/** Temporal gives a step to another worker so long after the first has gone silent. */
const AFTERMATH_MS = 20_000;
const CLOCK_MS = 250;
/** A replay takes what is delivered when it looks, and on a troubled stack it looks late. */
const REPLAY_LOOKS_WITHIN_MS = 60_000;
const ASKED_FOR = new Set(['replay', 'manual']);

interface Doubles {
  /** Repeated postbacks that nobody asked for. */
  readonly count: number;
  /** Under way when a fault began, or begun while it lasted; each fault counts its own. */
  readonly inFlight: number;
  readonly violations: readonly Violation[];
}

export function judgeDoubles(evidence: Evidence): Doubles {
  const { arrivals, disturbances, operators } = evidence;
  const attempts: Record<string, readonly AttemptSeen[]> = Object.assign(
    {},
    ...operators.map((operator) => operator.attempts),
  );
  const replayedAt = replaysOf(evidence);
  const hindering = disturbances.filter(({ target }) => /worker|temporal|postgres/.test(target));
  const violations: Violation[] = [];
  let count = 0;
  for (const [id, group] of groupBy(arrivals, (arrival) => arrival.id)) {
    if (group.length === 1) continue;
    const recorded = attempts[id] ?? [];
    const matched = match(group, recorded);
    const asked = askedAt(recorded);
    for (const [index, again] of group.entries()) {
      const before = (times: readonly number[]) => times.filter((time) => time <= again.receivedAt);
      const looks = before(replayedAt.get(id) ?? []).map((time) => time + REPLAY_LOOKS_WITHIN_MS);
      const since = Math.max(0, ...before(asked), ...looks.map((time) => Math.min(time, again.receivedAt)));
      const earlier = group.slice(0, index).filter((first) => isInTime(first) && first.receivedAt >= since);
      if (earlier.length === 0) continue;
      count += 1;
      if (!earlier.some((first) => isExplained(first, { again, matched, hindering })))
        violations.push({
          judgement: 'doubles',
          what: `sent again without a reason: ${again.path}`,
          ids: [id],
        });
    }
  }
  const inFlight = hindering.reduce((sum, fault) => sum + arrivals.filter(isUnderWayAt(fault)).length, 0);
  if (count > inFlight)
    violations.push({
      judgement: 'doubles',
      what: `${count} doubled, ${inFlight} in flight at faults`,
      ids: [],
    });
  return { count, inFlight, violations };
}

/** When somebody asked for a postback once more, as its recorded attempts say. */
const askedAt = (attempts: readonly AttemptSeen[]): number[] =>
  attempts
    .filter(({ cause }) => ASKED_FOR.has(cause))
    .map((attempt) => Date.parse(attempt.started_at) - CLOCK_MS);

/**
 * When replays were asked for, of the postbacks that were in one: the record of a replay's first
 * try may be lost like any other.
 */
function replaysOf({ calls, operators }: Evidence): Map<string, number[]> {
  const times = groupBy(
    calls.filter(({ request }) => request === 'POST /v1/replays'),
    ({ operator }) => String(operator),
  );
  return new Map(
    operators.flatMap(({ number, deliveries }) =>
      deliveries
        .filter(({ replay_id: replay }) => replay !== null)
        .map(({ id }) => [id, (times.get(String(number)) ?? []).map(({ startedAt }) => startedAt)] as const),
    ),
  );
}

type Context = {
  again: Arrival;
  matched: ReadonlyMap<Arrival, AttemptSeen>;
  hindering: readonly Disturbance[];
};

/** Whether the first arrival was under way at a fault, and not recorded when the second began. */
function isExplained(first: Arrival, { again, matched, hindering }: Context): boolean {
  const end = (first.answeredAt ?? first.receivedAt) + RECORDED_WITHIN_MS;
  const isOpen = !matched.has(first) || again.receivedAt <= end;
  return (
    isOpen && hindering.some(({ from, until }) => from <= end && until + AFTERMATH_MS >= first.receivedAt)
  );
}

/** A later answer is none, also where a worker that stood still had not ended its attempt yet. */
const isInTime = (arrival: Arrival): boolean =>
  isAccepted(arrival) && arrival.answeredAt! - arrival.receivedAt < ANSWER_WITHIN_MS;

const isUnderWayAt =
  ({ from, until }: Disturbance) =>
  ({ receivedAt, answeredAt }: Arrival): boolean =>
    receivedAt <= until && (answeredAt ?? Infinity) + RECORDED_WITHIN_MS >= from;

/** The recorded attempt of each arrival that has one. */
function match(group: readonly Arrival[], attempts: readonly AttemptSeen[]): Map<Arrival, AttemptSeen> {
  const matched = new Map<Arrival, AttemptSeen>();
  for (const attempt of attempts) {
    const from = Date.parse(attempt.started_at) - CLOCK_MS;
    const until = from + attempt.duration_ms + RECORDED_WITHIN_MS;
    const fits = ({ attempt: number, receivedAt }: Arrival) =>
      number === attempt.number && from <= receivedAt && receivedAt <= until;
    const own = group.filter((arrival) => !matched.has(arrival) && fits(arrival));
    for (const arrival of own.slice(0, attempt.sends)) matched.set(arrival, attempt);
  }
  return matched;
}
