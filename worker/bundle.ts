// Builds the workflow bundle: everything workflow code may run, in one file without Node. `--check` only sees that it builds.
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleWithSourceMap } from '@temporalio/worker';

const WORKFLOWS = fileURLToPath(new URL('../workflows/index.ts', import.meta.url));

/** Throws when workflow code imports what it must not. */
export function buildBundle(): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({ workflowsPath: WORKFLOWS, logger: new DefaultLogger('WARN') });
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv.includes('--check')) {
  const { code } = await buildBundle();
  process.stdout.write(`the workflow bundle builds: ${Math.round(code.length / 1024)} KiB\n`);
}
