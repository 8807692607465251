// Temporal namespace per test file on the run's one server, so that files use the real task queues
// and workflow ids without meeting each other.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time.js';
import { INDEXED_VALUE_TYPE } from '../../worker/namespace.ts';
import { SEARCH_ATTRIBUTES } from '../../workflows/contract.ts';

export interface TestTemporal {
  readonly address: string;
  readonly namespace: string;
  readonly connection: Connection;
  readonly client: Client;
  readonly dataConverter: DataConverter;
  /** For `after`, once the workers of the file have stopped. */
  readonly close: () => Promise<void>;
}

/** Throws, naming the command to run, when there is no server. */
export async function withTemporal(dataConverter: DataConverter = {}): Promise<TestTemporal> {
  const address = process.env.TEST_TEMPORAL_ADDRESS;
  if (!address)
    throw new Error(
      `This test needs Temporal, which npm test starts: "npm test -- ${process.argv[1] ?? 'test/…'}"`,
    );
  const connection = await Connection.connect({ address });
  const namespace = `test-${randomBytes(6).toString('hex')}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  await addSearchAttributes(connection, namespace);
  return {
    address,
    namespace,
    connection,
    client: new Client({ connection, namespace, dataConverter }),
    dataConverter,
    close: () => connection.close(),
  };
}

async function addSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const typed = Object.entries(SEARCH_ATTRIBUTES).flatMap(([type, names]) =>
    names.map((name) => [name, INDEXED_VALUE_TYPE[type as keyof typeof INDEXED_VALUE_TYPE]] as const),
  );
  const searchAttributes = Object.fromEntries(typed);
  // The server's services learn of a new namespace one after the other, so registration is retried.
  for (let tried = 1; ; tried += 1) {
    try {
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
      return;
    } catch (error) {
      if (tried === 100) throw error;
      await sleep(100);
    }
  }
}
