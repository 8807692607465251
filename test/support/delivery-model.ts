// Oracle of deliveries to one active endpoint: what each is after every action, written from the
// rules of docs/ARCHITECTURE.md and not from the statements of the store. A property holds it to
// PostgreSQL, step by step; the model of the hand-over moves its rows by it.
import type { Condition } from '../../domain/delivery/breaker.ts';
import type { DeliveryState, Owner, SendingOwner } from '../../domain/delivery/deliveries.ts';

export type ModelRow = {
  id: string;
  conversion: number;
  batch: number;
  owner: Owner | null;
  state: DeliveryState;
  tries: number;
  attempts: number;
  /** Attempts that the table of attempts has of it. */
  recorded: number;
  /** Somebody holds a claim, or may be sending it for its batch. */
  isClaimed: boolean;
  after: string | null;
  paused: string | null;
  isSeen: boolean;
};

/** An attempt under way: the row as it was when it began. */
export type Claim = { id: string; owner: SendingOwner; tries: number; number: number };

/** `held`: a probe failed, which costs no try. */
export type Outcome = 'delivered' | 'retrying' | 'held' | 'gave_up';

export type RetryVerdict = 'taken' | 'under_way' | 'already_delivered' | 'waits_for_predecessor';

type Planned = { conversion: number; batch?: number; condition?: Condition };

/** `mayBeSending`: the first tries of the batch may be under way. */
type HandingOver = { batch?: number; condition?: Condition; mayBeSending?: boolean };

/** Rows in the order of their planning, which is that of their ids. */
export class DeliveryModel {
  readonly rows: ModelRow[];

  constructor(rows: ModelRow[] = []) {
    this.rows = rows;
  }

  plan(id: string, { conversion, batch = 0, condition = 'up' }: Planned): void {
    const before = this.rows.filter((row) => row.conversion === conversion && isOpen(row));
    const last = before.findLast(({ id: one }) => !this.rows.some(({ after }) => after === one));
    const owner = last ? 'predecessor' : this.hasQueue() ? 'endpoint' : 'batch';
    const state = owner === 'endpoint' && condition !== 'up' ? 'held' : 'pending';
    const after = last?.id ?? null;
    this.rows.push({ ...FRESH, id, conversion, batch, owner, state, after });
  }

  /** What those who take from the queue may get. */
  claimable(): string[] {
    return this.rows.filter((row) => row.owner === 'endpoint' && !row.isClaimed).map(({ id }) => id);
  }

  claim(id: string): Claim {
    const row = this.of(id);
    row.isClaimed ||= row.owner !== 'batch';
    if (row.owner === 'self') row.paused = null;
    return { id, owner: row.owner as SendingOwner, tries: row.tries, number: row.attempts + 1 };
  }

  putBack(id: string): void {
    if (this.of(id).owner === 'endpoint') this.of(id).isClaimed = false;
  }

  /** The time of a claim is over: who made it is dead, or seems so. */
  expire(id: string): void {
    this.of(id).isClaimed = false;
  }

  /**
   * An attempt whose row moved on meanwhile counts, unless another one with its number did first.
   * What arrived is delivered all the same, and gets the next number. `isSuspect`: its process
   * seemed dead meanwhile, so that a claim is not its own.
   */
  end({ id, owner, tries, number: claimed }: Claim, outcome: Outcome, isSuspect = false): void {
    const row = this.of(id);
    const isOnTime = row.owner === owner && row.tries === tries;
    row.recorded += 1;
    const isRepeated = row.attempts >= claimed;
    if (!isOnTime && isRepeated && outcome !== 'delivered') return;
    const number = isRepeated && outcome === 'delivered' ? row.recorded : claimed;
    row.attempts = Math.max(row.attempts, number);
    if (!isSuspect) row.isClaimed = false;
    if (row.tries === tries && outcome !== 'held') row.tries += 1;
    if (isOnTime || outcome === 'delivered') {
      row.state = outcome;
      if (outcome === 'delivered' || outcome === 'gave_up') this.finish(row);
    }
    this.release([id]);
  }

  retry(id: string): RetryVerdict {
    const verdict = this.judge(this.of(id));
    if (verdict === 'taken') this.bringBack(this.of(id), { owner: 'self', after: null, state: 'retrying' });
    return verdict;
  }

  /** All that is stuck, in order, through the queue. */
  retryAll(condition: Condition = 'up'): { done: number; joined: number; refused: number } {
    const stuck = this.rows.filter(
      ({ state, isSeen }) => state === 'retrying' || state === 'held' || (state === 'gave_up' && !isSeen),
    );
    const counts = { done: 0, joined: 0, refused: 0 };
    const verdicts = stuck.map((row) => ({ row, verdict: row.owner === null ? 'taken' : this.judge(row) }));
    const chosen = verdicts.flatMap(({ row, verdict }) =>
      verdict === 'taken' && !row.isClaimed ? [row] : [],
    );
    const open = new Set([...this.rows.filter(isOpen), ...chosen]);
    const moves = chosen.map((row) => ({ row, before: this.before(row).findLast((one) => open.has(one)) }));
    for (const { row, before } of moves) {
      const state = row.owner !== null ? row.state : condition === 'up' ? 'pending' : 'held';
      const owner = before ? 'predecessor' : 'endpoint';
      this.bringBack(row, { owner, after: before?.id ?? null, state });
    }
    counts.done = chosen.length;
    counts.joined = verdicts.filter(
      ({ row, verdict }) => verdict === 'under_way' || (row.isClaimed && row.owner === null),
    ).length;
    counts.refused = stuck.length - counts.done - counts.joined;
    return counts;
  }

  giveUp(id: string): boolean {
    const row = this.of(id);
    if (row.owner === null) return false;
    const before = row.after === null ? undefined : this.of(row.after);
    row.isClaimed ||= row.owner === 'batch' && row.tries === 0;
    row.state = 'gave_up';
    this.finish(row);
    if (before && isOpen(before)) for (const one of this.rows) if (one.after === id) one.after = before.id;
    this.release([id]);
    return true;
  }

  pause(id: string, reason: string | null): boolean {
    const row = this.of(id);
    if (row.owner !== 'self') return false;
    row.paused = reason === null ? null : (row.paused ?? reason);
    return true;
  }

  acknowledge(id: string): boolean {
    const row = this.of(id);
    if (row.state !== 'gave_up') return false;
    row.isSeen = true;
    return true;
  }

  /** A batch is over: what failed gets a workflow, or joins a queue; the rest is queued. */
  handOver({ batch = 0, condition = 'up', mayBeSending = false }: HandingOver = {}): void {
    const isQueued = this.hasQueue() || condition === 'down';
    for (const row of this.rows.filter((one) => one.owner === 'batch' && one.batch === batch)) {
      row.isClaimed ||= mayBeSending && row.tries === 0;
      row.state = row.tries > 0 ? 'retrying' : 'held';
      row.owner = row.tries > 0 && !isQueued ? 'self' : 'endpoint';
    }
  }

  /** A workflow may not send its delivery now. */
  returnToQueue(id: string): void {
    if (this.of(id).owner === 'self') Object.assign(this.of(id), { owner: 'endpoint', paused: null });
  }

  /** What waits for some of these that are over goes on. Returns what joined the queue. */
  release(finished: readonly string[] = this.rows.map(({ id }) => id)): string[] {
    const released = this.rows.filter(
      ({ after }) => after !== null && finished.includes(after) && !isOpen(this.of(after)),
    );
    for (const row of released) Object.assign(row, { owner: 'endpoint', after: null });
    return released.map(({ id }) => id);
  }

  /** Whether what follows it must wait. */
  isOpen(id: string): boolean {
    return isOpen(this.of(id));
  }

  of(id: string): ModelRow {
    return this.rows.find((row) => row.id === id)!;
  }

  private hasQueue = (): boolean => this.rows.some(({ owner }) => owner === 'endpoint');

  private before = (row: ModelRow): ModelRow[] =>
    this.rows.filter((one) => one.conversion === row.conversion && one.id < row.id);

  private judge(row: ModelRow): RetryVerdict {
    if (row.state === 'delivered') return 'already_delivered';
    if (row.isClaimed || row.owner === 'batch') return 'under_way';
    const waits = row.owner === null || row.owner === 'predecessor';
    return waits && this.before(row).some(isOpen) ? 'waits_for_predecessor' : 'taken';
  }

  private bringBack(row: ModelRow, to: Pick<ModelRow, 'owner' | 'after' | 'state'>): void {
    if (row.owner === null) row.tries = 0;
    Object.assign(row, to, { paused: null, isSeen: false });
  }

  private finish(row: ModelRow): void {
    Object.assign(row, { owner: null, after: null, paused: null });
  }
}

const FRESH = { tries: 0, attempts: 0, recorded: 0, isClaimed: false, paused: null, isSeen: false };

/** Unfinished, or given up while an attempt may still deliver it. */
const isOpen = ({ owner, isClaimed }: ModelRow): boolean => owner !== null || isClaimed;
