// Cost of following a link: redirects per second with each click stored before its redirect, and
// the visitor's wait at half that rate.
import { percentile, type Figures } from './figures.ts';
import { CONNECTIONS, type Bench, type Stage } from './stage.ts';

/**
 * Closed loop with all visits, then an open loop with half as many. Throws when a visitor was
 * redirected without a stored click.
 */
export async function measureClicks(bench: Bench, stage: Stage, visits: number): Promise<Partial<Figures>> {
  const { apiUrl, apiKey } = stage.api;
  const response = await fetch(`${apiUrl}/v1/links`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      affiliate_id: stage.members[0]!.affiliateId,
      landing_url: 'https://shop.example/welcome?ref=1',
    }),
  });
  const { id } = (await response.json()) as { id: string };
  const link = { apiUrl, path: `/c/${id}?sub1=campaign_spring_2026&sub2=banner-7` };
  const warmUp = Math.ceil(visits / 10);
  await bench.load.ask('visit', { ...link, visits: warmUp, connections: CONNECTIONS });
  const { tookMs } = await bench.load.ask('visit', { ...link, visits, connections: CONNECTIONS });
  const perSecond = Math.round((visits * 1000) / tookMs);
  const paced = Math.ceil(visits / 2);
  const waits = await bench.load.ask('visitAtPace', { ...link, visits: paced, perSecond: perSecond / 2 });
  const { rows } = await bench.pool.query<{ kept: number }>(
    `select count(*)::int as kept from clicks where operator_id = $1 and link_id = $2`,
    [stage.operatorId, id],
  );
  const expected = warmUp + visits + paced;
  if (rows[0]!.kept !== expected) throw new Error(`of ${expected} clicks ${rows[0]!.kept} are kept`);
  return {
    clicks_per_s: perSecond,
    clicks_half_rate_p99_ms: percentile(
      waits.toSorted((a, b) => a - b),
      0.99,
    ),
  };
}
