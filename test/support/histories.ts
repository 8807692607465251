// Histories of workflows as they really ran, kept as files for the replay test. Written anew by `RECORD_HISTORIES=1 npm test -- test/workflows/*.test.ts`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

const FOLDER = fileURLToPath(new URL('../workflows/histories/', import.meta.url));

/** Keeps the history of a workflow that has ended under a name for its shape, when this run is to record. */
export async function keepHistory(client: Client, workflowId: string, shape: string): Promise<void> {
  if (!process.env.RECORD_HISTORIES) return;
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  const json = JSON.stringify(JSON.parse(historyToJSON(history)), withoutPlaces, 1);
  writeFileSync(`${FOLDER}${shape}.json`, `${json}\n`);
}

/** Every kept history by its shape. */
export function keptHistories(): Map<string, unknown> {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return new Map(
    files.map((file) => [file.replace('.json', ''), JSON.parse(readFileSync(FOLDER + file, 'utf8'))]),
  );
}

/** What names the machine it ran on says nothing about the workflow. */
function withoutPlaces(key: string, value: unknown): unknown {
  if (key === 'identity') return 'recorded';
  return key === 'stackTrace' ? '' : value;
}
