// The worker's log of trouble: ids of postbacks and events, and no line where all is well.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAttemptLog, createSetAsideLog } from '../../worker/trouble-log.ts';
import type { AttemptRecord } from '../../store/delivery/attempts.ts';
import type { Delivery } from '../../store/delivery/deliveries.ts';

function lines() {
  const written: { level: string; line: Record<string, unknown>; message: string }[] = [];
  const at = (level: string) => (line: object, message: string) =>
    void written.push({ level, line: { ...line }, message });
  return { written, log: { info: at('info'), warn: at('warn') } as Parameters<typeof createAttemptLog>[0] };
}

const DUE = {
  operatorId: 'opr_1',
  id: 'dlv_1',
  endpointId: 'ep_1',
  aboutId: 'evt_1',
  type: 'conversion.created',
  body: '{"customer":"secret"}',
} as Delivery;

const record = (state: string) =>
  ({
    number: 3,
    cause: 'retry',
    errorClass: state === 'delivered' ? null : 'http_503',
    excerpt: 'secret',
    durationMs: 120,
    nextReason: null,
    next: { state, nextAttemptAt: null },
  }) as AttemptRecord;

test('attempts that fail are logged with the ids of postback, endpoint and event, delivered ones are not', () => {
  const { written, log } = lines();
  const logAttempt = createAttemptLog(log);
  for (const state of ['delivered', 'retrying', 'gave_up']) logAttempt(DUE, record(state));
  assert.deepEqual(
    written.map(({ level, message, line }) => [
      level,
      message,
      line['deliveryId'],
      line['aboutId'],
      line['error'],
    ]),
    [
      ['info', 'an attempt failed', 'dlv_1', 'evt_1', 'http_503'],
      ['warn', 'a postback was given up', 'dlv_1', 'evt_1', 'http_503'],
    ],
  );
  assert.ok(!JSON.stringify(written).includes('secret'), 'neither what was sent nor what was answered');
});

test('events set aside are logged by reason, with the ids of the first twenty', () => {
  const { written, log } = lines();
  const events = Array.from({ length: 30 }, (_, index) => ({
    eventId: `evt_${index}`,
    reason: 'no_exchange_rate',
  }));
  createSetAsideLog(log)('opr_1', [...events, { eventId: 'evt_x', reason: 'no_deal' }]);
  const [first, second] = written.map(
    ({ line }) => line as { reason: string; count: number; eventIds: string[] },
  );
  assert.deepEqual([first!.reason, first!.count, first!.eventIds.length], ['no_exchange_rate', 30, 20]);
  assert.deepEqual(second, { operatorId: 'opr_1', reason: 'no_deal', count: 1, eventIds: ['evt_x'] });
});
