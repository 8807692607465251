// Placeholders and own click ids: what is no id, what is one although it looks odd, and the cost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storedClickId } from '../../../domain/attribution/click-ids.ts';
import { isPlaceholder } from '../../../domain/attribution/placeholders.ts';

const MACROS = [
  '{click_id}',
  '{{click_id}}',
  '{ click_id }',
  '${click}',
  '#{click}',
  '$(click)',
  '{aff}{click}',
  '[clickid]',
  '[[clickid]]',
  '<click_id>',
  '<%= click %>',
  '#s2#',
  '%click%',
  '%%CLICK%%',
  '$click$',
  '__CLICK__',
  '%7Bclick_id%7D',
  '%7b%7bclick_id%7d%7d',
  '%257Bclick_id%257D',
  '%24%7Bclick%7D',
  '"{click_id}"',
  'x{click_id}',
  'order-{{order.id}}',
  '{aff}-{click}-7',
  'x${order_id}',
  '*|CLICK_ID|*',
];
const WORDS = [
  'undefined',
  'UNDEFINED',
  'null',
  'Null',
  'None',
  'NaN',
  'REPLACE',
  'nil',
  'N/A',
  '(null)',
  '<nil>',
  '(not set)',
  '"null"',
  '[object Object]',
  '0',
  '00000000-0000-0000-0000-000000000000',
  ' null ',
  '   ',
  '\u00a0',
  '%20',
  '""',
  '{}',
  '-',
];
const IDS = [
  'nullable7',
  'undefined-1',
  'none1',
  'nanette',
  '00',
  '10',
  '0x1f',
  '-5',
  '[AB-12]x',
  'x{7}',
  'x{A3F2504E-4F89-11D3-9A0C-0305E82C3301}',
  '[1]-[2]',
  '{3F2504E0-4F89-11D3-9A0C-0305E82C3301}',
  '{"order":7}',
  '#12',
  '#12#',
  '%50%',
  '50%',
  '%E4%FF',
  '$20OFF',
  '@carla',
  '__init',
  '(555) 123',
  '+49 30 1234',
  '"carla"',
  'null@example.com',
  'ß',
  '😀',
];

for (const id of [...MACROS, ...WORDS])
  test(`${JSON.stringify(id)} is a placeholder`, () => assert.ok(isPlaceholder(id)));

for (const id of IDS) test(`${JSON.stringify(id)} is an id`, () => assert.ok(!isPlaceholder(id)));

test('the longest ids made of marks are judged in linear time', () => {
  const hostile = ['{}', '{', '{a', '[', '<>', '(', '"', '%25', '%a ', '__a', '$('].map(
    (part) => `${part.repeat(255 / part.length)}x`,
  );
  const start = process.cpuUsage();
  for (let n = 0; n < 1000; n++) hostile.forEach(isPlaceholder);
  const { user } = process.cpuUsage(start);
  // About 2 µs each; a pattern that backtracks takes milliseconds.
  assert.ok(user / (1000 * hostile.length) < 200, `${user} µs`);
});

const OWN = 'clk_01jdc5x7k2m8n4p6q9r1s3t5v7';

for (const [title, sent] of [
  ['as it is', OWN],
  ['in capitals', OWN.toUpperCase()],
  ['with blanks around it', `  ${OWN}\t`],
] as const)
  test(`an own click id ${title} is stored in lower case without blanks`, () =>
    assert.equal(storedClickId(sent), OWN));

for (const id of [
  'ABC',
  ' abc ',
  OWN.toUpperCase().slice(0, -1),
  `${OWN.toUpperCase()}0`,
  OWN.toUpperCase().replace('K2', 'U2'),
  ` evt_${OWN.slice(4)}`,
])
  test(`the foreign click id ${JSON.stringify(id)} is stored byte for byte`, () =>
    assert.equal(storedClickId(id), id));
