// Judges that everything was settled once: an event has one id, however often it was sent, and each
// endpoint hears of each event under one webhook-id.
import { groupBy, type Evidence, type Violation } from '../records.ts';

export function settledOnce({ calls, arrivals, operators }: Evidence): Violation[] {
  const sent = calls.filter(({ event, id }) => event !== null && id !== null);
  const created = arrivals.filter(({ type, eventId }) => type === 'conversion.created' && eventId !== null);
  const names = operators.flatMap(({ number, events }) =>
    events.map(({ id, event }) => ({ id, name: `${number} ${event.event} ${event.transaction_id}` })),
  );
  return [
    ...several(sent, ({ operator, event }) => `${operator} ${event}`, 'an event was taken under several ids'),
    ...several(names, ({ name }) => name, 'an event is listed under several ids'),
    ...several(
      created,
      ({ path, eventId, affiliateId, via }) => [path, eventId, affiliateId, via].join(' '),
      'an endpoint heard of one conversion under several ids',
    ),
  ];
}

function several<T extends { readonly id: string | null }>(
  items: readonly T[],
  keyOf: (item: T) => string,
  what: string,
): Violation[] {
  return [...groupBy(items, keyOf)].flatMap(([key, group]) => {
    const ids = [...new Set(group.map(({ id }) => id!))];
    return ids.length > 1 ? [{ judgement: 'settled once', what: `${what}: ${key}`, ids }] : [];
  });
}
