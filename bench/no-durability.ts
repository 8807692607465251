// Measures the upper bound: a pipeline without durability, under the same load and with the same
// receivers.
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild, type Child } from './child.ts';
import { customersFor, eventBodies, registrationOf } from './events.ts';
import { rate, type Figures } from './figures.ts';
import type { LoadQuestions } from './load.ts';
import type { NoDurabilityQuestions } from './no-durability-server.ts';
import type { ReceiverQuestions } from './receivers.ts';
import { CONNECTIONS } from './stage.ts';
import { compare, type Verdict } from './verdict.ts';

const AFFILIATES = 20;
const LOOK_EVERY_MS = 10;
const STANDSTILL_MS = 10_000;

type Bench = { load: Child<LoadQuestions>; receivers: Child<ReceiverQuestions> };

export async function measureNoDurability(
  { load, receivers }: Bench,
  events: number,
): Promise<{ figures: Partial<Figures>; verdict: Verdict }> {
  const urls = await receivers.ask('open', AFFILIATES);
  const needed = customersFor(events);
  const known = Array.from({ length: needed.known }, (_, index) => `c-${index}`);
  const freshClicks = Array.from({ length: needed.fresh }, (_, index) => `clk-new-${index}`);
  const affiliateAt = (index: number): string => `aff-${index % AFFILIATES}`;
  const clicks = new Map(
    [...known.map((name) => `clk-${name}`), ...freshClicks].map((id, index) => [id, affiliateAt(index)]),
  );
  const server = await startChild<NoDurabilityQuestions>('no-durability-server.ts');
  try {
    const apiUrl = await server.ask('start', {
      clicks,
      endpoints: new Map(urls.map((url, index) => [affiliateAt(index), url])),
    });
    const accepted: string[] = [];
    const send = async (bodies: string[]): Promise<number> => {
      const sent = await load.ask('rush', {
        apiUrl,
        apiKey: 'bench',
        path: '/v1/events',
        bodies,
        connections: CONNECTIONS,
      });
      accepted.push(...sent.answers.map((text) => (JSON.parse(text) as { id: string }).id));
      await untilReceived(receivers, accepted.length);
      return sent.startedAt;
    };
    await send(known.map((customer) => registrationOf(customer, `clk-${customer}`)));
    const startedAt = await send(eventBodies(events, known, freshClicks));
    const perSecond = rate(events, startedAt, Date.now());
    const verdict = { ...compare(accepted, await receivers.ask('arrivals', null)), differences: [] };
    return { figures: { no_durability_per_s: perSecond }, verdict };
  } finally {
    await server.stop();
  }
}

/**
 * Waits until so many postbacks arrived, or none arrived for a while: without retries, a failed
 * postback must count as lost.
 */
async function untilReceived(receivers: Child<ReceiverQuestions>, expected: number): Promise<void> {
  let before = 0;
  for (let movedAt = Date.now(); Date.now() - movedAt < STANDSTILL_MS; await sleep(LOOK_EVERY_MS)) {
    const received = (await receivers.ask('count', null)).reduce((sum, count) => sum + count, 0);
    if (received >= expected) return;
    if (received > before) movedAt = Date.now();
    before = received;
  }
}
