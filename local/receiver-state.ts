// State of the bundled receiver that survives a restart: one small JSON file in the data folder.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Signing secrets by name, as the API showed them, and whether the failing paths were healed. */
interface ReceiverState {
  secrets: Map<string, string>;
  healed: boolean;
}

/**
 * Loads the saved state, or an empty one when there is no file. Throws when the file is not in the
 * form that `saveState` writes.
 */
export function loadState(dataDir: string): ReceiverState {
  const file = stateFile(dataDir);
  if (!existsSync(file)) return { secrets: new Map(), healed: false };
  const { secrets, healed } = JSON.parse(readFileSync(file, 'utf8')) as {
    secrets: Record<string, string>;
    healed: boolean;
  };
  return { secrets: new Map(Object.entries(secrets)), healed };
}

/** Writes a new file and renames it, so that an interrupted write keeps the old file. */
export function saveState(dataDir: string, { secrets, healed }: ReceiverState): void {
  mkdirSync(dataDir, { recursive: true });
  const draft = `${stateFile(dataDir)}.new`;
  writeFileSync(draft, JSON.stringify({ secrets: Object.fromEntries(secrets), healed }), { mode: 0o600 });
  renameSync(draft, stateFile(dataDir));
}

function stateFile(dataDir: string): string {
  return join(dataDir, 'receiver.json');
}
