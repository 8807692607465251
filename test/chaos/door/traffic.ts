// Traffic of a run at the door: which keys are asked about at the moment, and what each call asks.
// Many calls fall on few keys, so that they race, and new keys come up all the time.
import type { Input, Output } from './history.ts';

/** What tells events of a key apart from others. */
export interface Key {
  /** Such as `sale t-17`. */
  readonly name: string;
  /** The event with this body. */
  event(body: string): Readonly<Record<string, string>>;
  readonly bodies: readonly string[];
  /** Query of the list that finds it. */
  readonly query: string;
  readonly bodyOf: (event: Readonly<Record<string, string>>) => string;
  readonly isAmendable: boolean;
}

export interface Asked {
  readonly key: Key;
  readonly input: Input;
}

/** One call, or the events of one batch. */
export type Request = readonly [Asked, ...Asked[]];

interface Hot {
  readonly key: Key;
  calls: number;
  /** The id that an answer named. */
  id: string | null;
}

const KEYS_AT_ONCE = 6;
const CALLS_PER_KEY = 40;
/** How often a call is about the key that came up last. */
const NEWEST = 0.35;
const AMOUNTS = ['100.00', '200.00', '300.00'];

export function createTraffic(next: () => number) {
  const one = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)]!;
  const keys: Hot[] = [];
  const hot: Hot[] = [];
  const byName = new Map<string, Hot>();

  function comeUp(): void {
    const key = keyNumber(keys.length);
    const added = { key, calls: 0, id: null };
    keys.push(added);
    byName.set(key.name, added);
    hot.push(added);
  }
  while (hot.length < KEYS_AT_ONCE) comeUp();

  function chosen(): Hot {
    const which = next() < NEWEST ? hot.at(-1)! : one(hot);
    which.calls += 1;
    if (which.calls === CALLS_PER_KEY) {
      hot.splice(hot.indexOf(which), 1);
      comeUp();
    }
    return which;
  }

  const sending = ({ key }: Hot): Asked => ({ key, input: { op: 'send', body: one(key.bodies) } });

  return {
    keys: (): readonly Key[] => keys.map(({ key }) => key),
    next(): Request {
      const [kind, about] = [next(), chosen()];
      const { key, id } = about;
      if (kind < 0.15)
        return [
          sending(about),
          ...Array.from({ length: 1 + Math.floor(next() * 5) }, () => sending(chosen())),
        ];
      if (kind < 0.3) return [{ key, input: { op: 'find' } }];
      if (kind < 0.45 && id !== null) return [{ key, input: { op: 'get', id } }];
      if (kind < 0.55 && id !== null && key.isAmendable)
        return [{ key, input: { op: 'amend', id, amount: one(AMOUNTS) } }];
      return [sending(about)];
    },
    /** Later calls ask for the id that an answer named. */
    heard({ name }: Key, output: Output): void {
      if ('id' in output) byName.get(name)!.id = output.id;
    },
  };
}

export type Traffic = ReturnType<typeof createTraffic>;

/** Every way to tell events apart: by transaction and type, by customer, by content. */
function keyNumber(number: number): Key {
  const [index, way] = [Math.floor(number / 4), number % 4];
  if (way === 2)
    return {
      name: `registration c-${index}`,
      event: (body) => ({ event: 'registration', customer_id: `c-${index}`, sub1: body }),
      bodies: ['red', 'green', 'blue'],
      query: `event=registration&customer_id=c-${index}`,
      bodyOf: ({ sub1 }) => sub1!,
      isAmendable: false,
    };
  if (way === 3)
    return {
      name: `content of ${index}`,
      event: (body) => ({ event: 'sale', customer_id: `content-${index}`, amount: body, currency: 'USD' }),
      bodies: ['100.00'],
      query: `event=sale&customer_id=content-${index}`,
      bodyOf: ({ amount }) => amount!,
      isAmendable: true,
    };
  // Two types share a transaction.
  const type = way === 0 ? 'sale' : 'deposit';
  return {
    name: `${type} t-${index}`,
    event: (body) => ({
      event: type,
      transaction_id: `t-${index}`,
      customer_id: 'c',
      amount: body,
      currency: 'USD',
    }),
    bodies: AMOUNTS,
    query: `event=${type}&transaction_id=t-${index}`,
    bodyOf: ({ amount }) => amount!,
    isAmendable: true,
  };
}
