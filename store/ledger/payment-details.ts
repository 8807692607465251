// Payment details of affiliates, and the account that an operator pays from, sealed at rest.
import type { PaymentDetails } from '../../domain/ledger/payment-details.ts';
import { itemsWithOperator } from '../db/bulk.ts';
import type { Queryable } from '../db/pool.ts';
import type { SecretBox } from '../db/secret-box.ts';

/** Details in the clear. `updatedBy` is the id of an API key. */
export type StoredDetails = { details: PaymentDetails; updatedAt: Date; updatedBy: string };

/** `party` is the id of the affiliate, or of the operator itself. */
export function createPaymentDetails(db: Queryable, secretBox: SecretBox) {
  return {
    /** Replaces what there was. */
    async put(operatorId: string, party: string, details: PaymentDetails, actor: string): Promise<Date> {
      const sealed = secretBox.seal(JSON.stringify(details), paymentDetailsContext(operatorId, party));
      const { rows } = await db.query<{ updatedAt: Date }>(
        `insert into payment_details (operator_id, party, secret, updated_by) values ($1, $2, $3, $4)
         on conflict (operator_id, party) do update
           set secret = excluded.secret, updated_by = excluded.updated_by, updated_at = now()
         returning updated_at as "updatedAt"`,
        [operatorId, party, sealed, actor],
      );
      return rows[0]!.updatedAt;
    },

    /** Null where there are none. Throws when no key of ours opens them. */
    async find(operatorId: string, party: string): Promise<StoredDetails | null> {
      return (await findAll(operatorId, [party])).get(party) ?? null;
    },

    async has(operatorId: string, party: string): Promise<boolean> {
      const { rows } = await db.query(`select from payment_details where operator_id = $1 and party = $2`, [
        operatorId,
        party,
      ]);
      return rows.length > 0;
    },

    /** By party; those without details are left out. */
    findAll,

    async remove(operatorId: string, party: string): Promise<void> {
      await db.query(`delete from payment_details where operator_id = $1 and party = $2`, [
        operatorId,
        party,
      ]);
    },
  };

  async function findAll(
    operatorId: string,
    parties: readonly string[],
  ): Promise<Map<string, StoredDetails>> {
    const { rows } = await db.query<{ party: string; secret: Buffer } & Omit<StoredDetails, 'details'>>(
      `select p.party, p.secret, p.updated_at as "updatedAt", p.updated_by as "updatedBy"
       from ${itemsWithOperator(2)}
       join payment_details p on p.operator_id = named.operator_id and p.party = named.item`,
      [operatorId, parties],
    );
    return new Map(
      rows.map(({ party, secret, ...row }) => {
        const text = secretBox.open(secret, paymentDetailsContext(operatorId, party));
        return [party, { ...row, details: JSON.parse(text) as PaymentDetails }];
      }),
    );
  }
}

/** Context that binds sealed details to their row. */
export function paymentDetailsContext(operatorId: string, party: string): string {
  return `${operatorId} payment ${party}`;
}
