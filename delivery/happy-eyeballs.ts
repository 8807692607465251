// Connects to the first of a name's addresses that is ready, as RFC 8305 ("Happy Eyeballs") says:
// the next address is tried beside the ones under way, whose time it does not shorten.
import { isIPv6 } from 'node:net';

/** A connection being opened. `abandon` closes it, whatever has become of it. */
export type Try<Opened> = { opened: Promise<Opened>; abandon(): void };

/** Time after which the next address is tried while no other is ready (RFC 8305, section 5). */
const NEXT_AFTER_MS = 250;
/**
 * Maximum of addresses tried for one connection. A name may stand for any number of addresses, and
 * nobody shall use us to knock at all of them.
 */
const TRIED_AT_MOST = 16;

/**
 * Opens connections by `begin` until one is open, and abandons the others. The next address is
 * tried after 250 ms, or at once when one fails. Rejects with an AggregateError of the failures.
 * Each connection must end by itself; none is begun after `deadlineMs`, on the clock of
 * `performance.now()`.
 */
export function firstReady<Opened>(
  addresses: readonly string[],
  begin: (address: string) => Try<Opened>,
  deadlineMs: number,
): Promise<Opened> {
  const waiting = interleaved(addresses).slice(0, TRIED_AT_MOST);
  const underWay = new Set<Try<Opened>>();
  const failures: unknown[] = [];
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const next = (): void => {
      clearTimeout(timer);
      const address = performance.now() < deadlineMs ? waiting.shift() : undefined;
      if (address === undefined) {
        if (underWay.size === 0) reject(new AggregateError(failures));
        return;
      }
      const begun = begin(address);
      underWay.add(begun);
      begun.opened.then(won(begun), lost(begun));
      if (waiting.length > 0) timer = setTimeout(next, NEXT_AFTER_MS);
    };
    const won = (begun: Try<Opened>) => (opened: Opened) => {
      clearTimeout(timer);
      underWay.delete(begun);
      waiting.length = 0;
      for (const other of underWay) other.abandon();
      resolve(opened);
    };
    const lost = (begun: Try<Opened>) => (failure: unknown) => {
      underWay.delete(begun);
      failures.push(failure);
      next();
    };
    next();
  });
}

/** Addresses of both families in turn, so that a family without a route costs one try at a time. */
function interleaved(addresses: readonly string[]): string[] {
  const first = addresses.filter((address) => isIPv6(address) === isIPv6(addresses[0] ?? ''));
  const second = addresses.filter((address) => !first.includes(address));
  return addresses.flatMap((_, index) => [
    ...first.slice(index, index + 1),
    ...second.slice(index, index + 1),
  ]);
}
