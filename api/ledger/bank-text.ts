// Text for banks: names and messages in the Latin characters that SEPA and SWIFT carry, and ids as
// references that come back in a bank's list.
import anyAscii from 'any-ascii';

const NOT_CARRIED = /[^A-Za-z0-9/\-?:().,'+ ]/g;
/** What stands for characters of ASCII that banks do not carry; others become a full stop. */
const REPLACED: Record<string, string> = { '&': '+', _: '-', '"': "'" };
/** Two letters, as passports spell them; the library only takes the dots away. */
const UMLAUTS: Record<string, string> = { ä: 'ae', ö: 'oe', ü: 'ue' };

/**
 * At most `length` characters, which every bank carries; `NOTPROVIDED` where nothing can be
 * spelled.
 */
export function bankText(text: string, length: number): string {
  const spelled = text.normalize('NFC').replace(/[äöü]/gi, umlautSpelled);
  const carried = anyAscii(spelled).replace(NOT_CARRIED, (character) => REPLACED[character] ?? '.');
  return carried.replace(/ +/g, ' ').trim().slice(0, length).trimEnd() || 'NOTPROVIDED';
}

/** In capitals, unless a small letter follows. */
function umlautSpelled(letter: string, at: number, text: string): string {
  const small = UMLAUTS[letter.toLowerCase()]!;
  if (letter === letter.toLowerCase()) return small;
  return /^\p{Ll}/u.test(text.slice(at + 1)) ? small[0]!.toUpperCase() + small[1]! : small.toUpperCase();
}

/** An id without its underscore, which banks do not carry: `pay-01jd…`. */
export function bankReference(id: string): string {
  return id.replace('_', '-');
}

/** The payout's id that a bank's reference stands for, in capitals too; other text as it is. */
export function payoutIdOf(reference: string): string {
  const digits = /^pay[-_]([0-9a-z]{26})$/i.exec(reference)?.[1];
  return digits === undefined ? reference : `pay_${digits.toLowerCase()}`;
}
