// Jobs: work on many rows that a person asks for, and that a workflow does step by step.
import type { StuckAction } from './delivery/stuck.ts';

/** A job that can be cancelled: what is done stays done. */
export type CancellableJob =
  | { kind: 'replay' | 'payoutRun' | 'import'; id: string }
  | { kind: 'stuckAction'; id: string; action: StuckAction };

/** A job with its id, which the row that keeps its progress and its workflow have in common. */
export type Job = CancellableJob | { kind: 'erasure'; id: string };
