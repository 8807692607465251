// Re-encrypts secrets under the current key, so that an older key can be removed.
import { paymentDetailsContext } from './ledger/payment-details.ts';
import { inboundSecretContext } from './setup/inbound-secrets.ts';
import { endpointSecretContext } from './delivery/endpoints.ts';
import { noticeChannelContext } from './delivery/notice-channels.ts';
import type { Pool } from './db/pool.ts';
import type { SecretBox } from './db/secret-box.ts';

/**
 * Columns that hold sealed secrets, and the context of each. A new column with secrets adds a line
 * here.
 */
export const SEALED_COLUMNS = [
  { table: 'endpoints', id: 'id', contextOf: endpointSecretContext },
  { table: 'inbound_secrets', id: 'id', contextOf: inboundSecretContext },
  { table: 'notice_channels', id: 'id', contextOf: noticeChannelContext },
  { table: 'payment_details', id: 'party', contextOf: paymentDetailsContext },
  { table: 'retiring_secrets', id: 'endpoint_id', contextOf: endpointSecretContext },
] as const;

const PAGE_SIZE = 500;

/**
 * Counts of secrets. `unopened`: no key opens the secret; it stays as it is, and a line reports it.
 */
type Resealed = { current: number; resealed: number; unopened: number };

type SealedColumn = (typeof SEALED_COLUMNS)[number];
type SealedSecret = { operatorId: string; id: string; secret: Buffer };

/**
 * Reseals all secrets beside live traffic; a secret rotated meanwhile keeps its new value. Safe to
 * repeat.
 * `print` receives one line for each secret that no key opens.
 */
export async function resealSecrets(
  pool: Pool,
  secretBox: SecretBox,
  print: (line: string) => void,
): Promise<Resealed> {
  const counts: Resealed = { current: 0, resealed: 0, unopened: 0 };
  for (const column of SEALED_COLUMNS) {
    for await (const row of readSealed(pool, column))
      counts[await resealOne(pool, secretBox, column, row, print)] += 1;
  }
  return counts;
}

async function* readSealed(pool: Pool, { table, id }: SealedColumn): AsyncGenerator<SealedSecret> {
  let after: SealedSecret = { operatorId: '', id: '', secret: Buffer.alloc(0) };
  for (;;) {
    const { rows } = await pool.query<SealedSecret>(
      `select operator_id as "operatorId", ${id} as id, secret
       from ${table}
       where (operator_id, ${id}, secret) > ($1, $2, $3)
       order by operator_id, ${id}, secret limit ${PAGE_SIZE}`,
      [after.operatorId, after.id, after.secret],
    );
    yield* rows;
    if (rows.length < PAGE_SIZE) return;
    after = rows.at(-1)!;
  }
}

async function resealOne(
  pool: Pool,
  secretBox: SecretBox,
  { table, id, contextOf }: SealedColumn,
  { operatorId, id: owner, secret }: SealedSecret,
  print: (line: string) => void,
): Promise<keyof Resealed> {
  if (secretBox.isCurrent(secret)) return 'current';
  const context = contextOf(operatorId, owner);
  let resealed: Buffer;
  try {
    resealed = secretBox.seal(secretBox.open(secret, context), context);
  } catch (error) {
    print(`${table}: ${owner} of ${operatorId}: ${error instanceof Error ? error.message : String(error)}`);
    return 'unopened';
  }
  const change = `update ${table} set secret = $4 where operator_id = $1 and ${id} = $2 and secret = $3`;
  await pool.query(change, [operatorId, owner, secret, resealed]);
  return 'resealed';
}
