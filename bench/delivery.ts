// Cost of first attempts alone, compared with plain undici and two job queues with the same work.
// All send the same bodies to the same receivers, one after the other, each in its own process, on
// one database.
import { newSecret } from '../delivery/sign.ts';
import { migrate } from '../store/db/migrate.ts';
import { createPool, type Pool } from '../store/db/pool.ts';
import { startChild, type Child } from './child.ts';
import { RECEIVERS, type ContenderQuestions, type PlannedBatch, type ContenderInput } from './contender.ts';
import { setUpDeliveryStage, type DeliveryStage } from './delivery-stage.ts';
import type { Figures } from './figures.ts';
import { withOwnDatabase } from './own-database.ts';
import type { ReceiverQuestions } from './receivers.ts';
import { startRedis } from './redis.ts';
import { compare, type Verdict } from './verdict.ts';

type Measured = { perSecond: number; verdict: Omit<Verdict, 'differences'> };

/**
 * Throws when a contender stores fewer attempts than it made, or a queue loses or duplicates any:
 * its figure would mean nothing.
 */
export async function measureDelivery(
  receivers: Child<ReceiverQuestions>,
  postbacks: number,
): Promise<{ figures: Partial<Figures>; verdict: Verdict }> {
  const redis = await startRedis();
  if (redis === null) console.log('bullmq is left out: there is no redis-server here');
  try {
    return await withOwnDatabase(async (databaseUrl) => {
      await migrate(databaseUrl);
      const pool = createPool(databaseUrl, { max: 4, applicationName: 'bench' });
      try {
        const stage = await setUpDeliveryStage(pool, await receivers.ask('open', RECEIVERS), postbacks);
        const surroundings = {
          databaseUrl,
          redisPort: redis?.port ?? 0,
          operatorId: stage.operatorId,
          secret: newSecret(),
        };
        return await measureAll({ pool, receivers, surroundings }, stage);
      } finally {
        await pool.end();
      }
    });
  } finally {
    await redis?.stop();
  }
}

type Place = { pool: Pool; receivers: Child<ReceiverQuestions>; surroundings: ContenderInput };

async function measureAll(
  place: Place,
  stage: DeliveryStage,
): Promise<{ figures: Partial<Figures>; verdict: Verdict }> {
  const ours = await measure(place, stage, 'first-attempts.ts');
  const beside = async (file: string, keepsAttempts: boolean): Promise<number> => {
    const { perSecond, verdict } = await measure(place, stage, file, keepsAttempts);
    if (verdict.lost + verdict.doubled > 0)
      throw new Error(`${file} lost ${verdict.lost} and doubled ${verdict.doubled}`);
    return perSecond;
  };
  const raw = await beside('raw-undici.ts', false);
  const graphile = await beside('graphile-worker.ts', true);
  const bullmq = place.surroundings.redisPort === 0 ? null : await beside('bullmq.ts', true);
  return {
    figures: {
      delivery_per_s: ours.perSecond,
      raw_undici_per_s: raw,
      graphile_worker_per_s: graphile,
      bullmq_per_s: bullmq,
      queue_per_s: Math.max(graphile, bullmq ?? 0),
    },
    verdict: { ...ours.verdict, differences: [] },
  };
}

/** A tenth of the batches, at least one, warms up. */
async function measure(
  place: Place,
  { batches }: DeliveryStage,
  file: string,
  keepsAttempts = true,
): Promise<Measured> {
  const { pool, receivers, surroundings } = place;
  await receivers.ask('forget', null);
  const before = await attemptsIn(pool, surroundings.operatorId);
  const warmUp = Math.max(1, Math.floor(batches.length / 10));
  const measured = batches.slice(warmUp);
  const contender = await startChild<ContenderQuestions>(file);
  let tookMs: number;
  try {
    await contender.ask('start', surroundings);
    await sendAll(contender, batches.slice(0, warmUp));
    tookMs = await sendAll(contender, measured);
  } finally {
    await contender.stop();
  }
  const kept = (await attemptsIn(pool, surroundings.operatorId)) - before;
  const expected = keepsAttempts ? postbacksOf(batches).length : 0;
  if (kept !== expected) throw new Error(`${file} should have kept ${expected} attempts, but kept ${kept}`);
  const eventIds = postbacksOf(batches).map(({ eventId }) => eventId);
  const verdict = compare(eventIds, await receivers.ask('arrivals', null));
  return { perSecond: Math.round((postbacksOf(measured).length * 1000) / tookMs), verdict };
}

async function sendAll(contender: Child<ContenderQuestions>, batches: PlannedBatch[]): Promise<number> {
  await contender.ask('plan', batches);
  return contender.ask('send', null);
}

function postbacksOf(batches: readonly PlannedBatch[]): PlannedBatch['postbacks'] {
  return batches.flatMap(({ postbacks }) => postbacks);
}

async function attemptsIn(pool: Pool, operatorId: string): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::int from attempts where operator_id = $1`,
    [operatorId],
  );
  return rows[0]!.count;
}
