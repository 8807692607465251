// Oracle of deliveries to one active endpoint: what each is after every action, written from the
// rules of docs/ARCHITECTURE.md and not from the statements of the store.
import type { DeliveryState, Owner } from '../../domain/delivery/deliveries.ts';

export type ModelRow = {
  id: string;
  conversion: number;
  owner: Owner | null;
  state: DeliveryState;
  tries: number;
  attempts: number;
  /** Somebody holds a claim, or may be sending it for its batch. */
  isClaimed: boolean;
  after: string | null;
  paused: string | null;
  isSeen: boolean;
};

/** An attempt under way: the row as it was when it began. */
export type Claim = { id: string; owner: 'batch' | 'self' | 'endpoint'; tries: number; number: number };

export type Outcome = 'delivered' | 'retrying' | 'gave_up';

export type RetryVerdict = 'taken' | 'under_way' | 'already_delivered' | 'waits_for_predecessor';

/** Rows in the order of their planning, which is that of their ids. */
export class DeliveryModel {
  readonly rows: ModelRow[] = [];
  readonly claims: Claim[] = [];

  plan(id: string, conversion: number): void {
    const before = this.rows.filter((row) => row.conversion === conversion && isOpen(row));
    const last = before.findLast(({ id: one }) => !this.rows.some(({ after }) => after === one));
    const owner = last ? 'predecessor' : this.hasQueue() ? 'endpoint' : 'batch';
    const fresh = { tries: 0, attempts: 0, isClaimed: false, paused: null, isSeen: false };
    this.rows.push({ ...fresh, id, conversion, owner, state: 'pending', after: last?.id ?? null });
  }

  /** What two who take from the queue may get. */
  claimable(): string[] {
    return this.rows.filter((row) => row.owner === 'endpoint' && !row.isClaimed).map(({ id }) => id);
  }

  claim(id: string): void {
    const row = this.of(id);
    if (this.claims.some((claim) => claim.id === id)) throw new Error(`${id} is under way twice`);
    row.isClaimed ||= row.owner !== 'batch';
    if (row.owner === 'self') row.paused = null;
    const owner = row.owner as Claim['owner'];
    this.claims.push({ id, owner, tries: row.tries, number: row.attempts + 1 });
  }

  putBack(id: string): void {
    this.claims.splice(
      this.claims.findIndex((claim) => claim.id === id),
      1,
    );
    if (this.of(id).owner === 'endpoint') this.of(id).isClaimed = false;
  }

  /** An attempt whose row moved on meanwhile counts, and what arrived is delivered all the same. */
  end(claim: Claim, outcome: Outcome): void {
    this.claims.splice(this.claims.indexOf(claim), 1);
    const row = this.of(claim.id);
    const isOnTime = row.owner === claim.owner && row.tries === claim.tries;
    row.attempts = Math.max(row.attempts, claim.number);
    row.isClaimed = false;
    if (row.tries === claim.tries) row.tries += 1;
    if (isOnTime || outcome === 'delivered') {
      row.state = outcome;
      if (outcome !== 'retrying') this.finish(row);
    }
    this.release();
  }

  retry(id: string): RetryVerdict {
    const verdict = this.judge(this.of(id));
    if (verdict === 'taken') this.bringBack(this.of(id), { owner: 'self', after: null, state: 'retrying' });
    return verdict;
  }

  /** All that is stuck, in order, through the queue. */
  retryAll(): { done: number; joined: number; refused: number } {
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
      const state = row.owner === null ? 'pending' : row.state;
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
    this.release();
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

  /** The batch is over: what failed gets a workflow, or joins a queue; the rest is queued. */
  handOver(): void {
    const hadQueue = this.hasQueue();
    for (const row of this.rows.filter(({ owner }) => owner === 'batch')) {
      row.state = row.tries > 0 ? 'retrying' : 'held';
      row.owner = row.tries > 0 && !hadQueue ? 'self' : 'endpoint';
    }
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

  /** What waits for one that is over goes on. */
  private release(): void {
    for (const row of this.rows)
      if (row.after !== null && !isOpen(this.of(row.after)))
        Object.assign(row, { owner: 'endpoint', after: null });
  }
}

/** Unfinished, or given up while an attempt may still deliver it. */
const isOpen = ({ owner, isClaimed }: ModelRow): boolean => owner !== null || isClaimed;
