// Reading of events from anything: JSON values, parameters and files of any bytes are read or
// refused with their issues; no reader throws.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { eventForm } from '../../../api/events/events.schema.ts';
import { readPostback } from '../../../api/events/postback.schema.ts';
import { readEvent, type EventReading, type EventRules } from '../../../api/events/read-event.ts';
import { readCsv } from '../../../api/http/csv-stream.ts';
import { ApiError } from '../../../api/http/errors.ts';
import { withoutCustomer } from '../../../domain/delivery/bodies.ts';
import { EVENT_TYPES } from '../../../domain/types.ts';

const NOW = Date.parse('2026-11-22T10:00:00Z');
const RULES: EventRules = {
  operatorId: 'opr_1',
  withoutTransactionId: 'accept_each',
  repeatWindowHours: 24,
  eventTypes: new Map([['first_trade', 'ftd']]),
  currencies: new Map(),
};

const word = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.constantFrom(...EVENT_TYPES, 'first_trade', 'USD', 'JPY', 'XXX', '{click_id}', 'null'),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '',
      ' ',
      '1.00',
      '-0',
      '1e309',
      '0x10',
      '9'.repeat(400),
      '2026-02-30T00:00:00Z',
      '٣',
    ),
  },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.double().map(String) },
);
const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...Object.keys(eventForm.shape)) },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', '', 's1', 'uid', 'txid') },
);
const anyValue = fc.oneof(
  { weight: 3, arbitrary: word },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.double() },
);
/** A right event of which some fields are something else. */
const nearlyEvent = fc
  .tuple(fc.constantFrom('sale', 'ftd', 'deposit', 'kyc'), fc.dictionary(name, anyValue, { maxKeys: 3 }))
  .map(([event, others]) => ({
    event,
    transaction_id: 't',
    customer_id: 'c',
    amount: '1.00',
    currency: 'USD',
    ...others,
  }));
const anyForm = fc.oneof(
  { weight: 8, arbitrary: nearlyEvent },
  { weight: 8, arbitrary: fc.dictionary(name, anyValue, { maxKeys: 8 }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
);

/** Holds what every reading promises; returns whether it is an event. */
function isSound(reading: EventReading): boolean {
  if (reading.kind === 'invalid') {
    const { issues = [] } = reading.error;
    assert.ok(issues.length > 0, 'a refusal names its issues');
    assert.ok(issues.every(({ code, message }) => code !== '' && message !== ''));
    return false;
  }
  const { event } = reading.event;
  assert.ok((EVENT_TYPES as readonly string[]).includes(event.type), event.type);
  assert.ok(event.key.value !== '' && Number.isFinite(event.occurredAt));
  assert.ok([event.transactionId, event.clickId, event.customerId].every((id) => id !== ''));
  assert.ok(event.customerId !== null || event.clickId !== null || event.reference !== null);
  return true;
}

test('any JSON value is read as an event or refused with its issues', () => {
  let events = 0;
  fc.assert(
    fc.property(anyForm, (value) => {
      if (isSound(readEvent(value, RULES, NOW))) events += 1;
    }),
    { numRuns: 5000 },
  );
  assert.ok(events > 200, `${events} were events`);
});

test('any parameters are read as an event or refused with their issues', () => {
  const values = fc.oneof(word, fc.array(word, { maxLength: 3 }));
  const aliases = { cid: 'customer_id', ignored: null } as Parameters<typeof readPostback>[1];
  const parameters = fc.oneof(
    { weight: 8, arbitrary: fc.dictionary(fc.oneof(name, fc.constantFrom('cid', 'ignored')), values) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  );
  fc.assert(
    fc.property(parameters, (params) => void isSound(readPostback(params, aliases, RULES, NOW))),
    { numRuns: 3000 },
  );
});

test('any bytes are read as a file of rows, whole or in pieces alike, or refused', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'event,amount\n',
      '"',
      '""',
      ',',
      ';',
      '\t',
      '\r\n',
      '\n',
      '\ufeff',
      'é',
      'a'.repeat(300),
    ),
    fc.string({ unit: 'binary', maxLength: 8 }),
  );
  const bytes = fc.oneof(
    { weight: 4, arbitrary: fc.array(piece, { maxLength: 20 }).map((parts) => Buffer.from(parts.join(''))) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((some) => Buffer.from(some)) },
  );
  const read = async (chunks: Buffer[]): Promise<string> => {
    async function* source() {
      yield* chunks;
    }
    try {
      const { header, rows } = await readCsv(source(), { bytes: 2000, rows: 10 });
      const all: string[][] = [header];
      for await (const row of rows) all.push(row);
      return JSON.stringify(all);
    } catch (error) {
      assert.ok(error instanceof ApiError, String(error));
      return error.code;
    }
  };
  await fc.assert(
    fc.asyncProperty(bytes, fc.nat(), async (whole, at) => {
      const cut = whole.length === 0 ? 0 : at % whole.length;
      assert.equal(await read([whole.subarray(0, cut), whole.subarray(cut)]), await read([whole]));
    }),
    { numRuns: 500 },
  );
});

test('a postback without its customer is the same postback, without any text that the customer brought', () => {
  const fields = fc.dictionary(
    fc.constantFrom(
      'customer_id',
      'sub1',
      'sub5',
      'transaction_id',
      'payout',
      'click_id',
      'previous_gave_up',
    ),
    fc.oneof(fc.constantFrom('the customer', '1.00'), fc.string(), fc.constant(null)),
  );
  fc.assert(
    fc.property(fields, (data) => {
      const body = JSON.stringify({ type: 'conversion.created', timestamp: 't', api_version: 'v', data });
      const without = withoutCustomer(body, 'the customer', 'erased_1');
      assert.ok(!without.includes('the customer'));
      assert.equal(withoutCustomer(without, 'the customer', 'erased_1'), without, 'again it changes nothing');
      const after = JSON.parse(without) as { data: Record<string, unknown> };
      for (const [field, value] of Object.entries(after.data))
        assert.deepEqual(value, data[field] === 'the customer' ? 'erased_1' : data[field]);
      assert.ok(!('sub1' in after.data) && !('sub5' in after.data) && !('customer_id' in after.data));
    }),
  );
});
