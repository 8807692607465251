// Child process of the benchmark, called by messages. Load and receivers must not share a thread
// with the measurement.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Functions that a child answers and its parent calls, by name. Arguments and results must be
 * cloneable.
 */
type Questions = Record<string, (input: never) => Promise<unknown>>;

export type Child<Q extends Questions> = {
  ask<Name extends keyof Q & string>(
    name: Name,
    input: Parameters<Q[Name]>[0],
  ): Promise<Awaited<ReturnType<Q[Name]>>>;
  readonly pid: number;
  /** Resolves when the process has ended. */
  stop(): Promise<void>;
};

type Question = { number: number; name: string; input: unknown };
type Answer = { number: number; result?: unknown; error?: string };

/**
 * Starts a file of this folder as a process and waits until it listens. A call rejects when it
 * fails there, or when the process ends.
 */
export async function startChild<Q extends Questions>(
  file: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Child<Q>> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = fork(path, { serialization: 'advanced', env });
  const open = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let asked = 0;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code) => {
      for (const { reject } of open.values()) reject(new Error(`${file} ended with ${code}`));
      resolve();
    });
  });
  const wait = (number: number) =>
    new Promise<never>((resolve, reject) => open.set(number, { resolve, reject }));
  const listens = wait(0);
  child.on('message', ({ number, result, error }: Answer) => {
    const asker = open.get(number);
    open.delete(number);
    if (error === undefined) asker?.resolve(result as never);
    else asker?.reject(new Error(`${file}: ${error}`));
  });
  await listens;
  return {
    ask(name, input) {
      const number = ++asked;
      const answer = wait(number);
      child.send({ number, name, input } satisfies Question);
      return answer;
    },
    pid: child.pid ?? 0,
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/** Child side: answers calls until the parent disconnects, then closes its resources and exits. */
export function answerQuestions(questions: Questions, close: () => Promise<void> = async () => {}): void {
  const send = (message: Answer): void => void process.send?.(message);
  process.on('message', ({ number, name, input }: Question) => {
    Promise.resolve(questions[name]?.(input as never)).then(
      (result) => send({ number, result }),
      (error: unknown) =>
        send({ number, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  // Ctrl-C reaches the whole process group, but only the parent stops the processes in order.
  process.on('SIGINT', () => {});
  process.on('disconnect', () => void close().finally(() => process.exit()));
  send({ number: 0 });
}
