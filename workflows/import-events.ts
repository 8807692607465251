// Takes in the events of a file, chunk by chunk.
import type { Imported } from '../activities/upkeep/imports.ts';
import { stepThrough } from './bulk-action.ts';
import type { ImportInput } from './contract.ts';
import { upkeep } from './steps.ts';

/** Answer of the status query, also shown in the UI. */
export type ImportStatus = Imported;

/** Ends when every line was taken in or refused, or the import is cancelled. */
export async function importEvents(input: ImportInput): Promise<ImportStatus> {
  return stepThrough<ImportStatus>(input, {
    first: { state: 'running', total: 0, done: 0, refused: 0 },
    step: () => upkeep.importStep(input),
    cancel: () => upkeep.cancelImport(input),
    visited: ({ done }) => done,
    runningAs: 'importing',
    details,
    summary: ({ done, total }) => `${done} of ${total} lines`,
    description: 'take in no more lines; events that were taken in stay',
  });
}

function details({ state, total, done, refused }: ImportStatus): string {
  const not = refused === 0 ? '' : ` ${refused} were refused: see the import in the API.`;
  const next = state === 'running' ? ' Send `cancel` to stop; events that were taken in stay.' : '';
  return `**${state}**: ${done} of ${total} lines.${not}${next}`;
}
