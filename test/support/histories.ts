// Recorded workflow histories for the replay test, kept as files. To record them anew:
// `RECORD_HISTORIES=1 npm test -- test/workflows/*.test.ts`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

const FOLDER = fileURLToPath(new URL('../workflows/histories/', import.meta.url));

/**
 * Saves the history of a closed run, by default the last one, under the name of its shape, when
 * RECORD_HISTORIES is set.
 */
export async function recordHistory(
  client: Client,
  workflowId: string,
  shape: string,
  runId?: string,
): Promise<void> {
  if (!process.env.RECORD_HISTORIES) return;
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const json = JSON.stringify(JSON.parse(historyToJSON(history)), withoutMachineNames, 1);
  writeFileSync(`${FOLDER}${shape}.json`, `${json}\n`);
}

/** Every recorded history by its shape. */
export function recordedHistories(): Map<string, unknown> {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'));
  return new Map(
    files.map((file) => [file.replace('.json', ''), JSON.parse(readFileSync(FOLDER + file, 'utf8'))]),
  );
}

/** Removes the names of the recording machine, which do not belong to the workflow. */
function withoutMachineNames(key: string, value: unknown): unknown {
  if (key === 'identity') return 'recorded';
  return key === 'stackTrace' ? '' : value;
}
