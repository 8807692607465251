// What the bundled receiver keeps over a restart: one small JSON file in the data directory.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The signing secrets by name, as the API showed them, and whether the failing paths were healed. */
export interface ReceiverState {
  secrets: Map<string, string>;
  healed: boolean;
}

/** The state as it was saved, or an empty one when nothing was. Throws when the file is not what `saveState` writes. */
export function loadState(dataDir: string): ReceiverState {
  const file = stateFile(dataDir);
  if (!existsSync(file)) return { secrets: new Map(), healed: false };
  const { secrets, healed } = JSON.parse(readFileSync(file, 'utf8')) as {
    secrets: Record<string, string>;
    healed: boolean;
  };
  return { secrets: new Map(Object.entries(secrets)), healed };
}

/** Writes a new file and renames it, so that a kill in between leaves the old one whole. */
export function saveState(dataDir: string, { secrets, healed }: ReceiverState): void {
  mkdirSync(dataDir, { recursive: true });
  const draft = `${stateFile(dataDir)}.new`;
  writeFileSync(draft, JSON.stringify({ secrets: Object.fromEntries(secrets), healed }), { mode: 0o600 });
  renameSync(draft, stateFile(dataDir));
}

function stateFile(dataDir: string): string {
  return join(dataDir, 'receiver.json');
}
