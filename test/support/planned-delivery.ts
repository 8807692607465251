// An operator with one sale whose postback is planned and not sent, over HTTP.
import { createSettle } from '../../activities/settlement/settle.ts';
import { newId } from '../../store/db/ids.ts';
import type { TestApi } from './api.ts';

export type Planned = {
  id: string;
  key: string;
  operatorId: string;
  endpointId: string;
  /** Adds another sale; its postback is planned too. */
  addSale(): Promise<{ id: string }>;
  /** Adds a chargeback of the first sale; returns the ids of the sale's postback and of its own. */
  addReversal(): Promise<string[]>;
};

export async function withDelivery(api: TestApi): Promise<Planned> {
  const { key, id: operatorId } = await api.newOperator();
  const post = async (path: string, body: object) =>
    (await api.call<{ id: string }>(`POST /v1/${path}`, { key, body })).body;
  const { id: affiliate_id } = await post('affiliates', { name: 'Told' });
  const terms = { components: [{ kind: 'percent', on: 'sale', percent: '10' }] };
  await post('deals', { name: 'd', affiliate_id, terms });
  const { id: endpointId } = await post('endpoints', { affiliate_id, url: 'http://127.0.0.1:9/' });
  const { click_id } = (await post('clicks', { affiliate_id })) as unknown as { click_id: string };

  async function settle(event: object): Promise<string[]> {
    const { id } = await post('events', event);
    await createSettle({ pool: api.pool }).settle({
      batchId: newId('bat'),
      owner: 'batch',
      operators: [{ operatorId, eventIds: [id] }],
    });
    const { rows } = await api.pool.query<{ id: string }>(
      `select id from deliveries where operator_id = $1 and original_event_id = (
         select original_event_id from deliveries where operator_id = $1 and event_id = $2) order by id`,
      [operatorId, id],
    );
    return rows.map((row) => row.id);
  }
  let sales = 0;
  const sell = () =>
    settle({ event: 'sale', transaction_id: `t-${++sales}`, click_id, amount: '10.00', currency: 'USD' });
  const [id] = await sell();
  return {
    id: id!,
    key,
    operatorId,
    endpointId,
    addSale: async () => ({ id: (await sell())[0]! }),
    addReversal: () => settle({ event: 'chargeback', transaction_id: 'c-1', reference: 't-1', click_id }),
  };
}
