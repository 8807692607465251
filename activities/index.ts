// All activities in one object: the worker registers it, and workflows use its type.
import type { Client } from '@temporalio/client';
import { createWorkflowClient } from '../workflows/client.ts';
import type { EndpointState } from '../domain/delivery/endpoints.ts';
import { LOOK_PAUSES, type LookPauses } from '../domain/delivery/looks.ts';
import type { Mailer } from '../delivery/mail.ts';
import { createMessenger } from '../delivery/messenger.ts';
import type { Sender } from '../delivery/send.ts';
import { createSummaries } from '../store/delivery/standing.ts';
import { switchEndpoint } from '../store/delivery/endpoint-switch.ts';
import { SINGLE_LIMITS, type SingleLimits } from '../store/delivery/single-limits.ts';
import type { Pool } from '../store/db/pool.ts';
import type { SecretBox } from '../store/db/secret-box.ts';
import type { EndpointInput, TraceBatch } from '../workflows/contract.ts';
import { createAmend, type AmendActivities } from './settlement/amend.ts';
import { createAttempt, type OnRecorded, type TraceparentOf } from './delivery/attempt.ts';
import { createClosePeriods, type ClosePeriodsActivities } from './upkeep/close-periods.ts';
import { createBatchTurns } from './delivery/batch-turns.ts';
import { createDeliverFirst, type DeliverFirstActivities } from './delivery/deliver-first.ts';
import { createEndpointStanding, type EndpointStandingActivities } from './delivery/endpoint-standing.ts';
import { createDrain, type DrainActivities, type ProbeWaits } from './delivery/drain.ts';
import { createErasures, SENDING_MS, type ErasureActivities } from './upkeep/erasures.ts';
import { createHandOver, type HandOverActivities } from './delivery/hand-over.ts';
import { createConcurrencyLimiter } from './delivery/concurrency-limiter.ts';
import { createMatchOrphans, type MatchOrphansActivities } from './settlement/match-orphans.ts';
import { createPurge, type PurgeActivities, type Retention } from './upkeep/purge.ts';
import type { Recorder } from './delivery/recorder.ts';
import { createReleaseHolds, type ReleaseHoldsActivities } from './upkeep/release-holds.ts';
import { createBulkActions, type BulkActionActivities } from './delivery/bulk-actions.ts';
import { createImportSteps, type ImportActivities, type TakeInLines } from './upkeep/imports.ts';
import { createPayoutRunSteps, type PayoutRunActivities } from './upkeep/payout-runs.ts';
import { createReplay, type ReplayActivities } from './delivery/replay.ts';
import { createRerate, type RerateActivities } from './settlement/rerate.ts';
import { createCountReports, type CountReportsActivities } from './upkeep/count-reports.ts';
import { createSendNotices, type SendNoticesActivities } from './upkeep/send-notices.ts';
import { createSetAside, type SetAsideActivities } from './settlement/set-aside.ts';
import { createSettle, type OnSetAside, type SettleActivities } from './settlement/settle.ts';
import { createTransact } from './settlement/transaction.ts';
import { createSingleDelivery, type SingleDeliveryActivities } from './delivery/single-delivery.ts';
import { createUnhurried } from './delivery/unhurried.ts';
import { createWaking } from './delivery/waking.ts';
import { createSweep, type SweepActivities } from './upkeep/sweep.ts';

type EndpointActivities = {
  wakeEndpoints(endpoints: EndpointInput[]): Promise<void>;
  switchEndpoint(input: EndpointInput & { state: EndpointState; reason?: string }): Promise<void>;
};

export type Activities = SettleActivities &
  DeliverFirstActivities &
  HandOverActivities &
  SingleDeliveryActivities &
  DrainActivities &
  EndpointStandingActivities &
  SetAsideActivities &
  ReplayActivities &
  BulkActionActivities &
  PayoutRunActivities &
  ImportActivities &
  ErasureActivities &
  SweepActivities &
  ReleaseHoldsActivities &
  MatchOrphansActivities &
  RerateActivities &
  AmendActivities &
  PurgeActivities &
  ClosePeriodsActivities &
  SendNoticesActivities &
  CountReportsActivities &
  EndpointActivities;

type ActivityDeps = {
  pool: Pool;
  sender: Sender;
  mailer: Mailer;
  /** Where messages to people lead. */
  consoleUrl: string;
  recorder: Recorder;
  secretBox: SecretBox;
  client: Client;
  /** The intake of the API, for files of events. */
  takeInLines: TakeInLines;
  limits: Limits;
  onRecorded?: OnRecorded;
  traceparentOf?: TraceparentOf | undefined;
  traceBatch?: TraceBatch | undefined;
  onSetAside?: OnSetAside;
  /** Receives failures of work that nobody waits for, and that the sweep repeats. */
  onError: (error: unknown) => void;
};

/** Limits of activities; tests use shorter ones. */
export type Limits = {
  /** Time in which a batch may start first attempts. */
  firstAttemptsMs: number;
  /** Length of one turn at the queue of an endpoint. */
  drainTurnMs: number;
  probeWaits: ProbeWaits;
  /** Time between two looks at the queue of an endpoint that is failing. */
  lookPauses: LookPauses;
  singles: SingleLimits;
  /** Length of one step of releasing holds. */
  releaseMs: number;
  /** Length of one step of counting reports. */
  reportsMs: number;
  /** Age at which the sweep takes unfinished work for abandoned. */
  sweepGraceMs: number;
  /** How long an erasure waits for what is being sent: see activities/upkeep/erasures.ts. */
  erasureWaitMs: number;
  /** Time between two messages to one channel. */
  noticePauseMs: number;
  retention: Retention;
};

/** Pause between starts of the sweep, which in one run may find 400 that are missing. */
const RESTART_EVERY_MS = 25;

/** Limits of production. The retention comes from the configuration. */
export const DEFAULT_LIMITS: Omit<Limits, 'retention'> = {
  firstAttemptsMs: 1000,
  drainTurnMs: 10_000,
  probeWaits: { firstMs: 30_000, longestMs: 600_000 },
  lookPauses: LOOK_PAUSES,
  singles: SINGLE_LIMITS,
  releaseMs: 20_000,
  reportsMs: 20_000,
  sweepGraceMs: 20_000,
  erasureWaitMs: SENDING_MS,
  noticePauseMs: 60_000,
};

export function createActivities({
  pool,
  sender,
  mailer,
  consoleUrl,
  recorder,
  secretBox,
  client,
  takeInLines,
  limits,
  onRecorded,
  traceparentOf,
  traceBatch,
  onSetAside,
  onError,
}: ActivityDeps): Activities {
  const workflows = createWorkflowClient(client, {
    summaries: createSummaries(pool),
    consoleUrl,
    traceBatch,
  });
  const unhurried = createUnhurried();
  const waking = createWaking({ pool, workflows, unhurried, pauses: limits.lookPauses, onError });
  const attempt = createAttempt({ sender, recorder, secretBox, onRecorded, traceparentOf });
  const limiter = createConcurrencyLimiter();
  const transact = createTransact(pool);
  const turns = createBatchTurns();
  const settling = createSettle({ pool, transact, workflows, waking, turns, onSetAside });
  const handingOver = createHandOver({
    pool,
    workflows,
    waking,
    unhurried,
    limits: limits.singles,
    onError,
  });
  return {
    ...settling,
    ...handingOver,
    ...createDeliverFirst({ pool, attempt, limiter, turns, recorder, budgetMs: limits.firstAttemptsMs }),
    ...createSingleDelivery({ pool, attempt, limiter }),
    ...createDrain({
      pool,
      attempt,
      limiter,
      budgetMs: limits.drainTurnMs,
      probeWaits: limits.probeWaits,
      lookPauses: limits.lookPauses,
    }),
    ...createEndpointStanding({ pool }),
    ...createReplay({ pool, workflows }),
    ...createBulkActions({ pool, workflows }),
    ...createPayoutRunSteps({ pool, workflows }),
    ...createImportSteps({ pool, workflows, takeInLines }),
    ...createErasures({ pool, sendingMs: limits.erasureWaitMs }),
    ...createSetAside({ pool, ...settling, ...handingOver }),
    ...createMatchOrphans({ pool, ...settling, ...handingOver }),
    ...createRerate({ pool, transact, ...handingOver }),
    ...createAmend({ pool, transact, ...settling, ...handingOver }),
    ...createPurge({ pool, retention: limits.retention }),
    ...createSweep({
      pool,
      client,
      workflows,
      unhurried: createUnhurried(RESTART_EVERY_MS),
      ...handingOver,
      graceMs: limits.sweepGraceMs,
    }),
    ...createSendNotices({
      pool,
      secretBox,
      messenger: createMessenger({ sender, mailer }),
      link: consoleUrl,
      pauseMs: limits.noticePauseMs,
    }),
    ...createCountReports({ pool, budgetMs: limits.reportsMs }),
    ...createClosePeriods({ pool, workflows }),
    ...createReleaseHolds({ pool, waking, budgetMs: limits.releaseMs }),
    wakeEndpoints: waking.wake,
    async switchEndpoint({ operatorId, endpointId, state, reason }) {
      const done = await switchEndpoint(pool, operatorId, endpointId, { to: state, reason });
      // Their own workflows see that the queue has them, and end.
      for (const id of done?.singles ?? []) await workflows.startDelivery(operatorId, id, 'retryNow');
    },
  };
}
