// Answer about how an endpoint fares: schema and view.
import { z } from 'zod';
import { latencyQuantile } from '../../domain/delivery/latency.ts';
import type {
  AttemptCounts,
  CountedStretch,
  EndpointHours,
  EndpointStatistics,
} from '../../store/delivery/endpoint-statistics.ts';
import * as field from '../http/answer-fields.ts';

const milliseconds = z.int().nullable();

const counts = z.object({
  attempts: field.count,
  delivered: field.count.meta({ description: 'attempts that were answered with 2xx' }),
  p50_ms: milliseconds.meta({ description: 'half of the attempts took no longer; from counts by duration' }),
  p95_ms: milliseconds,
});
const stretch = counts.extend({ at: field.time });

export const endpointStatistics = z.object({
  last_24_hours: counts,
  last_30_days: counts,
  hours: z.array(stretch).meta({ description: '24, the present one last' }),
  days: z.array(stretch).meta({ description: '30, of UTC, the present one last' }),
  latest: z
    .array(
      z.object({
        delivery_id: field.idOf('dlv'),
        number: z.int().min(1),
        started_at: field.time,
        duration_ms: z.int(),
        status_code: z.int().nullable(),
        error_class: field.text.nullable(),
      }),
    )
    .meta({ description: 'at most 60 attempts of the latest postbacks, the newest first' }),
});

/** An endpoint in a list. */
export const endpointHours = z.object({
  endpoint_id: field.idOf('ep'),
  affiliate_id: field.affiliateId.nullable(),
  last_24_hours: counts,
  hours: z.array(stretch).meta({ description: '24, the present one last' }),
});

export function endpointHoursView({ id, affiliateId, hours }: EndpointHours) {
  return {
    endpoint_id: id,
    affiliate_id: affiliateId,
    last_24_hours: countsView(sumOf(hours)),
    hours: hours.map(stretchView),
  };
}

export function endpointStatisticsView({ hours, days, latest }: EndpointStatistics) {
  return {
    last_24_hours: countsView(sumOf(hours)),
    last_30_days: countsView(sumOf(days)),
    hours: hours.map(stretchView),
    days: days.map(stretchView),
    latest: latest.map((attempt) => ({
      delivery_id: attempt.deliveryId,
      number: attempt.number,
      started_at: attempt.startedAt,
      duration_ms: attempt.durationMs,
      status_code: attempt.statusCode,
      error_class: attempt.errorClass,
    })),
  };
}

const stretchView = ({ at, ...rest }: CountedStretch) => ({ at, ...countsView(rest) });

function countsView({ attempts, delivered, withinMs }: AttemptCounts) {
  return {
    attempts,
    delivered,
    p50_ms: latencyQuantile(withinMs, 0.5),
    p95_ms: latencyQuantile(withinMs, 0.95),
  };
}

function sumOf(stretches: readonly AttemptCounts[]): AttemptCounts {
  return stretches.reduce((sum, { attempts, delivered, withinMs }) => ({
    attempts: sum.attempts + attempts,
    delivered: sum.delivered + delivered,
    withinMs: sum.withinMs.map((count, bucket) => count + withinMs[bucket]!),
  }));
}
