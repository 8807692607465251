// Commands of a property about deliveries, as data: what a person presses over HTTP or in Temporal,
// and what happens meanwhile. `pick` is taken modulo what there is.
import fc from 'fast-check';
import { REPLAYABLE } from '../../../domain/delivery/deliveries.ts';
import { RECEIVER_MODES } from '../counting-receiver.ts';

export const ENDPOINTS = 3;

const pick = fc.nat(29);
const endpoint = fc.nat(ENDPOINTS - 1);
const someEndpoint = fc.option(endpoint);
/** A command with these fields, as likely as its weight. */
function command<Kind extends string, Fields extends object>(
  weight: number,
  kind: Kind,
  fields: { [Field in keyof Fields]: fc.Arbitrary<Fields[Field]> },
) {
  const arbitrary = fc.record(fields);
  return { weight, arbitrary: arbitrary.map((given) => ({ kind, ...(given as Fields) })) };
}

const commands = fc.oneof(
  command(12, 'send', { sales: fc.integer({ min: 1, max: 6 }), chargebacks: fc.nat(4) }),
  command(10, 'mode', { endpoint, mode: fc.constantFrom(...RECEIVER_MODES) }),
  command(26, 'press', {
    actions: fc.array(
      fc.constantFrom('retry', 'retry', 'retry', 'give-up', 'give-up', 'acknowledge', 'pause', 'resume'),
      { minLength: 1, maxLength: 3 },
    ),
    pick,
  }),
  command(6, 'signal', { signal: fc.constantFrom('retryNow', 'giveUp', 'pause', 'resume'), pick }),
  command(3, 'signal-endpoint', {
    signal: fc.constantFrom('pause', 'resume', 'disable', 'acknowledge', 'wake'),
    endpoint,
  }),
  command(3, 'end', {
    how: fc.constantFrom('cancel', 'terminate'),
    of: fc.constantFrom('delivery', 'endpoint'),
    pick,
  }),
  command(8, 'switch', { action: fc.constantFrom('pause', 'resume', 'resume', 'enable'), endpoint }),
  command(2, 'move', { endpoint, to: fc.nat(99) }),
  command(1, 'delete', {}),
  command(6, 'replay', {
    states: fc.uniqueArray(fc.constantFrom(...REPLAYABLE), { minLength: 1 }),
    endpoint: someEndpoint,
    rate: fc.option(fc.constantFrom(5, 50)),
  }),
  command(3, 'cancel-replay', { pick }),
  command(8, 'act', {
    action: fc.constantFrom('retry', 'retry', 'give-up', 'acknowledge', 'pause'),
    endpoint: someEndpoint,
    state: fc.option(fc.constantFrom('retrying', 'held', 'gave_up')),
  }),
  command(1, 'cancel-act', { pick }),
  command(4, 'sweep', {}),
  command(8, 'wait', { ms: fc.integer({ min: 10, max: 400 }) }),
);

export type Command = typeof commands extends fc.Arbitrary<infer One> ? One : never;

/** Modes of the endpoints at first: rather slow ones, so that much is under way. */
export const modes = fc.array(fc.constantFrom('slow', 'fails-slowly', ...RECEIVER_MODES), {
  minLength: ENDPOINTS,
  maxLength: ENDPOINTS,
});

/** Commands of one round are given at the same time. */
export const rounds = fc.array(fc.array(commands, { minLength: 1, maxLength: 4 }), {
  minLength: 15,
  maxLength: 25,
  size: 'max',
});
