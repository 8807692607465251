// `npm start`: runs the whole stack on this machine, and with DEMO=1 a demo operator, affiliates
// and a receiver.
import { loadLocalConfig, type LocalConfig } from '../config.ts';
import { seedDemo } from './demo.ts';
import { startStack, type Stack } from './stack.ts';
import { switchesOf } from './switches.ts';
import { stuckWorkflowsUrl } from './temporal.ts';

const print = (line: string): void => console.log(line);

/**
 * Starts the stack, prints its URLs, and stops it in order on a signal, also while it is still
 * starting.
 */
async function run(config: LocalConfig): Promise<void> {
  const stopping = new AbortController();
  const asked = new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve()));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());

  for (const line of switchesOf(config)) print(line);
  const stack = await startStack(config, { print, receiver: config.demo, signal: stopping.signal });
  describeStack(config, stack);
  if (config.demo) await seed(stack);
  if (!stopping.signal.aborted) print(`ready ${stack.apiUrl}`);
  await asked;
  print('stopping');
  await stack.stop();
}

function describeStack(config: LocalConfig, stack: Stack): void {
  print('');
  print(`API           ${stack.apiUrl}`);
  print(`console       ${stack.apiUrl}/console`);
  if (stack.temporalUiUrl) {
    print(`Temporal UI   ${stack.temporalUiUrl}`);
    print(`what is stuck ${stuckWorkflowsUrl(stack.temporalUiUrl, config.temporalNamespace)}`);
  }
  if (stack.temporalCli) print(`Temporal CLI  ${stack.temporalCli} --address ${stack.temporalAddress}`);
  if (config.demo) print(`receiver      ${stack.receiverUrl}  (plays the affiliates' servers)`);
  print(`admin token   ${config.env.ADMIN_TOKEN ? 'the one given' : stack.adminToken}`);
  print(`logs          ${stack.dataDir}/logs`);
  if (config.embedded && config.env.ALLOW_ENDPOINT_CIDRS === undefined) {
    print(
      'Postbacks to this machine (127.0.0.0/8, ::1) are allowed here; ' +
        'set ALLOW_ENDPOINT_CIDRS= to refuse them as production does.',
    );
  }
  print('');
}

/** A failed seed is only reported, since the stack is useful without the demo. */
async function seed({ apiUrl, adminToken, receiverUrl, dataDir, temporalUiUrl = '' }: Stack): Promise<void> {
  await seedDemo({ apiUrl, adminToken, receiverUrl, dataDir, temporalUiUrl, print }).catch((error: Error) => {
    print(`the demo could not be seeded: ${error.message}`);
  });
}

try {
  await run(loadLocalConfig());
} catch (error) {
  print(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
process.exit();
