// Plays a history over HTTP and compares the API's sums and outcomes with the model's.
import { ApiClient, type Call } from './api-client.ts';
import { outcomeText, sumText } from './compare.ts';
import { decimalText, exponentOf, minorUnits } from './exact.ts';
import { expected } from './expected.ts';
import type { ApiStep } from './steps.ts';
import type { Story } from './stories.ts';
import { worldFrom } from './world-from-steps.ts';
import type { Expected, World } from './world.ts';

export interface Run {
  readonly client: ApiClient;
  readonly world: World;
  readonly model: Expected;
}

/**
 * Plays steps as an operator of their own. With `isInTurn` each event is settled before the next
 * step.
 */
export async function play(call: Call, steps: readonly ApiStep[], isInTurn: boolean): Promise<Run> {
  const now = Date.now();
  const client = new ApiClient(call, now);
  await client.begin(steps);
  for (const [index, step] of steps.entries()) await client.play(step, index, isInTurn);
  const world = worldFrom(steps, now);
  return { client, world, model: expected(world) };
}

/** Where the API's sums differ from the model's, by affiliate and currency. */
async function sumsThatDiffer({ client, world, model }: Run): Promise<string[]> {
  const lines: string[] = [];
  for (const { id } of world.affiliates) {
    const booked = await client.sums(id);
    for (const currency of new Set([...booked.keys(), ...(model.totals.get(id)?.keys() ?? [])])) {
      const exponent = exponentOf(currency, world.currencies);
      const parts = booked.get(currency) ?? [];
      const sum = parts.reduce((all, part) => all + minorUnits(part.replace('--', ''), exponent).n, 0n);
      const [api, own] = [decimalText(sum, exponent), sumText(world, model, id, currency)];
      if (api !== own) lines.push(`${id} in ${currency}: the API has ${api}, the model ${own}`);
    }
  }
  return lines;
}

/**
 * Whether two outcomes come to the same. A reversal by customer that has nothing to reverse is
 * settled where the customer was an affiliate's when it came, and waits otherwise.
 */
function isAlike(api: string, own: string): boolean {
  if (api === 'settled nothing_to_reverse' && own === 'orphaned no_conversion') return true;
  return api.split(' ')[0] === own.split(' ')[0];
}

/**
 * Where outcomes differ. In random histories reasons may be those of an earlier try: there statuses
 * alone count.
 */
async function outcomesThatDiffer({ client, model }: Run, story: Story | undefined): Promise<string[]> {
  const lines: string[] = [];
  for (const [event, api] of await client.outcomes()) {
    const said = story?.events?.[event];
    const own = outcomeText(model, event);
    const isSame = said === undefined ? isAlike(api, own) : api === said;
    if (!isSame) lines.push(`${event}: the API says ${api}, the model ${said ?? own}`);
  }
  return lines;
}

/** Where the API differs from the model, or from what a story says of its events; a line each. */
export async function differencesNow(run: Run, story?: Story): Promise<string[]> {
  return [
    ...run.client.complaints,
    ...(await outcomesThatDiffer(run, story)),
    ...(await sumsThatDiffer(run)),
  ];
}
