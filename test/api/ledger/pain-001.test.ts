// Files of credit transfers: judged by ISO's own schema of pain.001.001.09, as the Python package
// sepaxml has it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { pain001, type Transfer, type TransferFile } from '../../../api/ledger/pain-001.ts';
import { pythonWith } from '../../support/python.ts';

const run = promisify(execFile);

/** Prints what is wrong with each file, one line each. */
const JUDGE = `
import sys, os, sepaxml, xmlschema
schema = xmlschema.XMLSchema(os.path.join(os.path.dirname(sepaxml.__file__), 'schemas', 'pain.001.001.09.xsd'))
for path in sys.argv[1:]:
    errors = [str(error.reason) for error in schema.iter_errors(path)]
    print('; '.join(errors) or 'valid')
`;

let python: string | undefined;
let folder: string;
before(async () => {
  python = await pythonWith(['sepaxml==2.7.0', 'xmlschema==4.3.2']);
  folder = mkdtempSync(join(tmpdir(), 'pain-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function judged(files: readonly string[]): Promise<string[]> {
  const paths = files.map((text, index) => {
    const path = join(folder, `${index}.xml`);
    writeFileSync(path, text);
    return path;
  });
  const { stdout } = await run(python!, ['-c', JUDGE, ...paths]);
  return stdout.trim().split('\n');
}

const bank = (holder: string, bic: string | null = 'COBADEFFXXX') =>
  ({ method: 'bank', holder, iban: 'DE89370400440532013000', bic }) as const;

const FILE: TransferFile = {
  runId: 'run_01jdc5000000000000000000ab',
  createdAt: new Date('2026-12-01T22:00:00Z'),
  executeOn: '2026-12-02',
  currency: 'EUR',
  debtor: bank('Broker & Söhne'),
  transfers: [
    { id: 'pay_01jdc5000000000000000000ab', amountMinor: 12_345n, creditor: bank('<Jane> Doe') },
    { id: 'pay_01jdc5000000000000000000ac', amountMinor: 5n, creditor: bank('Ünal', null) },
  ],
};
const textOf = (more: Partial<TransferFile> = {}) => [...pain001({ ...FILE, ...more })].join('');

test('a file of credit transfers is valid by the schema of ISO 20022, in every form it can have', async (t) => {
  if (python === undefined) return t.skip('there is no Python');
  const files = [
    textOf(),
    textOf({ currency: 'USD', debtor: bank('Broker', null) }),
    textOf({ currency: 'JPY' }),
    textOf({ debtor: bank('x'.repeat(140)) }),
  ];
  assert.deepEqual(
    await judged(files),
    files.map(() => 'valid'),
  );
  const wrong = textOf().replace('<PmtMtd>TRF</PmtMtd>', '<PmtMtd>CASH</PmtMtd>');
  const [verdict] = await judged([wrong]);
  assert.match(verdict!, /must be one of/, 'the schema refuses nothing');
});

test('a file of credit transfers sums its amounts, and names each payout', () => {
  const text = textOf();
  assert.equal(text.match(/<NbOfTxs>2<\/NbOfTxs><CtrlSum>123\.50<\/CtrlSum>/g)?.length, 2);
  assert.match(text, /<EndToEndId>pay-01jdc5000000000000000000ab<\/EndToEndId>/);
  assert.match(text, /<Ustrd>Payout pay-01jdc5000000000000000000ab<\/Ustrd>/);
  assert.match(text, /<InstdAmt Ccy="EUR">0\.05<\/InstdAmt>/);
  assert.match(text, /<ReqdExctnDt><Dt>2026-12-02<\/Dt>/);
});

test('a file of credit transfers has the same message id on every day, and another one for other transfers', () => {
  const idOf = (more: Partial<TransferFile> = {}) => /<MsgId>(.*?)<\/MsgId>/.exec(textOf(more))![1]!;
  assert.match(idOf(), /^01jdc5000000000000000000ab-[0-9a-f]{8}$/);
  assert.match(textOf(), new RegExp(`<PmtInfId>${idOf()}</PmtInfId>`));
  assert.equal(idOf({ createdAt: new Date('2026-12-03T22:00:00Z'), executeOn: '2026-12-04' }), idOf());

  const [first, second] = FILE.transfers as [Transfer, Transfer];
  const others = [
    idOf(),
    idOf({ transfers: [first] }),
    idOf({ transfers: [{ ...first, amountMinor: 12_346n }, second] }),
    idOf({ transfers: [{ ...first, creditor: bank('Joan Doe') }, second] }),
    idOf({ currency: 'USD' }),
    idOf({ debtor: bank('Broker', null) }),
    idOf({ runId: 'run_01jdc5000000000000000000ac' }),
  ];
  assert.equal(new Set(others).size, others.length);
});

/** Names as holders write them, and as banks carry them. */
const NAMES = [
  ['Broker & Söhne', 'Broker + Soehne'],
  ['Özil ÖZIL Größe O\u0308mer', 'Oezil OEZIL Groesse Oemer'],
  ['René Łukasz Żółć', 'Rene Lukasz Zolc'],
  ['Søren Åse Þór Đặng', 'Soren Ase Thor Dang'],
  ['İbrahim Şahin', 'Ibrahim Sahin'],
  ['Владимир Щукин', 'Vladimir Shchukin'],
  ['Γιώργος Χρήστου', 'Giorgos Christoy'],
  ['דוד', 'dvd'],
  ['王小明', 'WangXiaoMing'],
  ['O’Neill “Media” – Ltd', "O'Neill 'Media' - Ltd"],
  ['<Jane>\u00a0Doe  @ a_b', '.Jane. Doe . a-b'],
  ['\u200b', 'NOTPROVIDED'],
  [`${'x'.repeat(69)} y${'z'.repeat(69)}`, 'x'.repeat(69)],
  ['ß'.repeat(140), 's'.repeat(70)],
] as const;

test('a file of credit transfers has only characters that every bank carries, of names in any script', async (t) => {
  const transfers = NAMES.map(([holder]) => ({ ...FILE.transfers[0]!, creditor: bank(holder) }));
  const text = textOf({ transfers });
  const names = [...text.matchAll(/<Cdtr><Nm>(.*?)<\/Nm>/g)].map(([, name]) => name);
  assert.deepEqual(
    names,
    NAMES.map(([, carried]) => carried),
  );
  const carried = /^[A-Za-z0-9/\-?:().,'+ ]+$/;
  const texts = [...text.matchAll(/<(Nm|Ustrd|MsgId|PmtInfId|EndToEndId)>(.*?)<\/\1>/g)];
  assert.equal(texts.length, 4 + 3 * NAMES.length);
  for (const [, , each] of texts) assert.match(each!, carried);
  if (python === undefined) return t.skip('there is no Python');
  assert.deepEqual(await judged([text]), ['valid']);
});
