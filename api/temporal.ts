// The API's word with Temporal, apart from batches: is it there, and the buttons that move a stuck postback. A button changes the row first and
// then signals with start, so that a workflow which has ended meanwhile, or cannot be reached now, is no error.
import type { Client, Connection } from '@temporalio/client';
import type { Logger } from '../log.ts';
import type { Owners } from '../workflows/client.ts';
import { giveUpDelivery, takeForPush } from '../store/delivery/delivery-changes.ts';
import type { Pool } from '../store/db/pool.ts';
import { cancelReplay } from '../store/delivery/replays.ts';

export type Pushed = 'pushed' | 'not_found' | 'not_possible';

export type Starter = {
  /** Tries a stuck postback now, by a workflow of its own. Not possible when it is delivered, follows another one, or its endpoint is off. */
  pushDelivery(operatorId: string, deliveryId: string): Promise<Pushed>;
  /** Stops trying; what had to follow it goes on. Not possible when it is finished. */
  giveUpDelivery(operatorId: string, deliveryId: string): Promise<Pushed>;
  /** Makes an endpoint's workflow see that the endpoint was switched or deleted. */
  showSwitch(operatorId: string, endpointId: string): Promise<void>;
  /** Makes a replay that was kept begin. */
  startReplay(operatorId: string, replayId: string): Promise<void>;
  /** Stops a replay, if it is running. */
  cancelReplay(operatorId: string, replayId: string): Promise<void>;
  /** Makes sure that somebody writes the statements of a month that is closing. */
  closePeriod(operatorId: string, period: string): Promise<void>;
  /** Has an operator's orphans looked through again soon, since evidence came; many calls are one look. The schedule is the net below it. */
  matchOrphans(operatorId: string): void;
  /** Makes endpoints' workflows look at queues that something joined. */
  wakeQueues(operatorId: string, endpointIds: readonly string[]): Promise<void>;
  /** Has events set aside for these reasons settled again. Their mark is durable, so nobody need wait for it. */
  retrySetAside(operatorId: string, reasons: readonly string[]): void;
  /** Makes the workflow that holds events set aside for a reason look at how many are left. */
  showSetAside(operatorId: string, reason: string): void;
  /** Has settled conversions rated again by these deal versions, likewise. */
  rerate(operatorId: string, versions: readonly { dealId: string; version: number }[]): void;
  /** Has an operator's amendments booked, likewise. */
  applyAmendments(operatorId: string): void;
  isReachable(): Promise<boolean>;
  /** Where the Temporal UI shows a workflow; null where no UI is known. */
  workflowUrl(workflowId: string): string | null;
};

export type StarterDeps = {
  pool: Pool;
  client: Client;
  connection: Connection;
  owners: Owners;
  uiUrl: string | undefined;
  log: Logger;
};

const REACHABLE_WITHIN_MS = 1000;
const REACHABLE_KEPT_MS = 2000;
/** While an operator back-fills clicks or coupons, its orphans are looked through at most this often. */
const MATCH_EVERY_MS = 1000;

export function createStarter({ pool, client, connection, owners, uiUrl, log }: StarterDeps): Starter {
  let checked = { at: 0, isReachable: false };
  /** Operators whose orphans were looked at a moment ago, and whether more evidence came since. */
  const matching = new Map<string, 'done' | 'again'>();

  function matchOrphans(operatorId: string): void {
    if (matching.has(operatorId)) return void matching.set(operatorId, 'again');
    matching.set(operatorId, 'done');
    void signalled(owners.wakeRematch(operatorId));
    setTimeout(() => {
      const state = matching.get(operatorId);
      matching.delete(operatorId);
      if (state === 'again') matchOrphans(operatorId);
    }, MATCH_EVERY_MS).unref();
  }

  /** The row has changed already; the workflow, or else the sweep, will see it. */
  const signalled = async (signal: Promise<unknown>): Promise<void> => {
    await signal.catch((error: unknown) =>
      log.warn({ err: error }, 'Temporal could not be told; what runs by schedule will see it'),
    );
  };

  return {
    async pushDelivery(operatorId, deliveryId) {
      const taken = await takeForPush(pool, operatorId, deliveryId);
      if (typeof taken === 'string') return taken;
      if (taken.owner === 'self') await signalled(owners.startDelivery(operatorId, deliveryId, 'retryNow'));
      else await signalled(owners.wakeEndpoint(operatorId, taken.endpointId));
      return 'pushed';
    },
    async giveUpDelivery(operatorId, deliveryId) {
      const given = await giveUpDelivery(pool, operatorId, deliveryId);
      if (typeof given === 'string') return given;
      if (given.wasOwner === 'self') await signalled(owners.startDelivery(operatorId, deliveryId, 'giveUp'));
      for (const { endpointId } of given.endpointsToWake)
        await signalled(owners.wakeEndpoint(operatorId, endpointId));
      return 'pushed';
    },
    showSwitch: (operatorId, endpointId) =>
      signalled(owners.wakeEndpoint(operatorId, endpointId, 'switched')),
    startReplay: (operatorId, replayId) => signalled(owners.startReplay(operatorId, replayId)),
    async cancelReplay(operatorId, replayId) {
      await cancelReplay(pool, operatorId, replayId);
      await signalled(owners.cancelReplay(operatorId, replayId));
    },
    matchOrphans,
    closePeriod: (operatorId, period) => signalled(owners.closePeriod(operatorId, period)),
    async wakeQueues(operatorId, endpointIds) {
      for (const endpointId of endpointIds) await signalled(owners.wakeEndpoint(operatorId, endpointId));
    },
    retrySetAside(operatorId, reasons) {
      for (const reason of reasons) void signalled(owners.wakeSetAside(operatorId, reason, 'retry'));
    },
    showSetAside: (operatorId, reason) => void signalled(owners.wakeSetAside(operatorId, reason)),
    rerate(operatorId, versions) {
      for (const { dealId, version } of versions)
        void signalled(owners.startRerating(operatorId, dealId, version));
    },
    applyAmendments: (operatorId) => void signalled(owners.wakeAmendments(operatorId)),
    async isReachable() {
      if (Date.now() - checked.at > REACHABLE_KEPT_MS) {
        const answer = connection.withDeadline(Date.now() + REACHABLE_WITHIN_MS, () =>
          connection.workflowService.getSystemInfo({}),
        );
        const isReachable = await answer.then(
          () => true,
          () => false,
        );
        checked = { at: Date.now(), isReachable };
      }
      return checked.isReachable;
    },
    workflowUrl(workflowId) {
      const namespace = encodeURIComponent(client.options.namespace);
      return uiUrl === undefined
        ? null
        : `${uiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`;
    },
  };
}
