// Builds the workflow bundle: all workflow code in one file, without Node. `--check` only tests
// that the bundle builds.
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleWithSourceMap } from '@temporalio/worker';

const WORKFLOWS = fileURLToPath(new URL('../workflows/index.ts', import.meta.url));

/** Throws when workflow code imports a module that the sandbox forbids. */
export function buildBundle(): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({ workflowsPath: WORKFLOWS, logger: new DefaultLogger('WARN') });
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.argv.includes('--check')) {
  const { code } = await buildBundle();
  process.stdout.write(`the workflow bundle builds: ${Math.round(code.length / 1024)} KiB\n`);
}
