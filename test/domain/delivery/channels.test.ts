// Messages of notice channels: each line names its thing and leads to the thing's page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHANNEL_NOTICES, messageOf, testMessageOf } from '../../../domain/delivery/channels.ts';

const CONSOLE = 'https://postrider.example/console';
const DELIVERY = 'dlv_01kb9xq5n2f4h6j8m0p2r4t6v8';

test('a line of a message leads to the page of the postback, event, endpoint, payout run or month', () => {
  const { text } = messageOf(
    [
      {
        type: 'delivery.gave_up',
        count: 3,
        samples: [{ delivery_id: DELIVERY, endpoint_id: 'ep_1', last_error: 'timeout' }],
      },
      { type: 'month.closed', count: 1, samples: [{ month: '2026-10' }] },
    ],
    'Northwind',
    CONSOLE,
  );
  assert.equal(
    text,
    [
      '3 postbacks were given up',
      `- delivery_id ${DELIVERY}, endpoint_id ep_1, last_error timeout: ${CONSOLE}/deliveries/${DELIVERY}`,
      '- and 2 more',
      '',
      '1 month was closed',
      `- month 2026-10: ${CONSOLE}/months/2026-10`,
      '',
      CONSOLE,
      '',
    ].join('\n'),
  );
});

test('every kind of notice leads to a page', () => {
  const { text } = testMessageOf(CHANNEL_NOTICES, 'Northwind', CONSOLE);
  const lines = text.split('\n').filter((line) => line.startsWith('- '));
  assert.equal(lines.length, CHANNEL_NOTICES.length);
  assert.deepEqual(
    lines.filter((line) => !line.includes(`: ${CONSOLE}/`)),
    [],
  );
});
