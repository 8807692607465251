// The API's word with Temporal, apart from batches: is it there, and the buttons that move a stuck postback. A button changes the row first and
// then signals with start, so that a workflow which has ended meanwhile, or cannot be reached now, is no error.
import type { Client, Connection } from '@temporalio/client';
import type { Logger } from '../log.ts';
import type { Owners } from '../owners.ts';
import { giveUpDelivery, takeForPush } from '../store/delivery-changes.ts';
import type { Pool } from '../store/pool.ts';
import { cancelReplay } from '../store/replays.ts';

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

export function createStarter({ pool, client, connection, owners, uiUrl, log }: StarterDeps): Starter {
  let checked = { at: 0, isReachable: false };

  /** The row has changed already; the workflow, or else the sweep, will see it. */
  const signalled = async (signal: Promise<void>): Promise<void> => {
    await signal.catch((error: unknown) => log.warn({ err: error }, 'Temporal could not be told; the sweep will'));
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
      for (const { endpointId } of given.endpointsToWake) await signalled(owners.wakeEndpoint(operatorId, endpointId));
      return 'pushed';
    },
    showSwitch: (operatorId, endpointId) => signalled(owners.wakeEndpoint(operatorId, endpointId, 'switched')),
    startReplay: (operatorId, replayId) => signalled(owners.startReplay(operatorId, replayId)),
    async cancelReplay(operatorId, replayId) {
      await cancelReplay(pool, operatorId, replayId);
      await signalled(owners.cancelReplay(operatorId, replayId));
    },
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
      return uiUrl === undefined ? null : `${uiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`;
    },
  };
}
