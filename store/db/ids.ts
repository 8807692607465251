// Ids that sort by creation time and cannot be guessed: a prefix, 48 bits of milliseconds, a 20-bit
// counter, 60 random bits.
import { randomFillSync } from 'node:crypto';

/** Prefix of an id: names the kind of row, so that a person can read a log. */
export type IdPrefix =
  | 'opr'
  | 'key'
  | 'aff'
  | 'deal'
  | 'link'
  | 'clk'
  | 'evt'
  | 'ep'
  | 'dlv'
  | 'att'
  | 'trf'
  | 'pay'
  | 'run'
  | 'imp'
  | 'rpl'
  | 'act'
  | 'stm'
  | 'slot'
  | 'dec'
  | 'bat'
  | 'again'
  | 'rer'
  | 'rea'
  | 'amd'
  | 'cfl'
  | 'cpn'
  | 'fx'
  | 'typ'
  | 'cur'
  | 'sec'
  | 'rfs'
  | 'req'
  | 'adt'
  | 'nch'
  | 'ntc'
  | 'ers'
  | 'erased'
  | 'test';

const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
const RANDOM_LENGTH = 12;
const random = Buffer.alloc(RANDOM_LENGTH * 256);
let used = random.length;
let lastMs = 0;
let counter = 0;

/**
 * Returns a new id such as `evt_01jdc5…`: 26 digits of Crockford's base 32 after the prefix; `now`
 * is in milliseconds since 1970.
 * Ids of one process rise strictly, so events that arrive in one millisecond keep their order.
 * `id_bound` in the migrations computes the same time part for partition bounds.
 */
export function newId(prefix: IdPrefix, now: number = Date.now()): string {
  if (now > lastMs) {
    lastMs = now;
    counter = 0;
  } else if (++counter === 1 << 20) {
    lastMs++;
    counter = 0;
  }
  return `${prefix}_${digits(lastMs, 10)}${digits(counter, 4)}${randomDigits()}`;
}

/** When an id of this form was made, in milliseconds since 1970. */
export function timeOfId(id: string): number {
  let ms = 0;
  const start = id.indexOf('_') + 1;
  for (const digit of id.slice(start, start + 10)) ms = ms * 32 + DIGITS.indexOf(digit);
  return ms;
}

function digits(value: number, length: number): string {
  let text = '';
  for (let rest = value, i = 0; i < length; i++, rest = Math.floor(rest / 32))
    text = DIGITS[rest % 32] + text;
  return text;
}

function randomDigits(): string {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  let text = '';
  for (const end = used + RANDOM_LENGTH; used < end; used++) text += DIGITS[random[used]! & 31];
  return text;
}
