// Ids that operators report in events and clicks: text or whole numbers, never a placeholder. Every
// id of every event passes here, so one check does the work of several schemas.
import { z } from 'zod';
import { storedClickId } from '../../domain/attribution/click-ids.ts';
import { isPlaceholder } from '../../domain/attribution/placeholders.ts';
import { problem } from './read.ts';

const MAX_CHARACTERS = 255;
/** Without control characters and lone surrogates, as in `text` of `fields.ts`. */
const STORABLE = new RegExp(`^[^\\p{Cc}\\p{Cs}]{1,${MAX_CHARACTERS}}$`, 'u');

/** What stands for bytes that are no UTF-8: ids that differ in them would be one. */
const REPLACEMENT = '\uFFFD';

type IdOptions = { mayBeEmpty: boolean; toStored?: (id: string) => string };

/** An id of an event; empty text is no value, and gives null. */
export const eventId = reportedId<string | null>({ mayBeEmpty: true });
/** As `eventId`; one of our own click ids may have capitals and blanks around it. */
export const eventClickId = reportedId<string | null>({ mayBeEmpty: true, toStored: storedClickId });
/** People type coupons, so blanks around one are left out. */
export const eventCoupon = reportedId<string | null>({
  mayBeEmpty: true,
  toStored: (code) => code.trim() || code,
});
/**
 * The id of a reported click. Empty text is refused: with an id of ours in its place, no event
 * would find the click.
 */
export const newClickId = reportedId<string>({ mayBeEmpty: false, toStored: storedClickId });

function reportedId<Id extends string | null>({
  mayBeEmpty,
  toStored,
}: IdOptions): z.ZodType<Id, string | number> {
  return z
    .any()
    .check((ctx) => {
      const value: unknown = ctx.value;
      if (value === '' && mayBeEmpty) {
        ctx.value = null;
        return;
      }
      const text = typeof value === 'number' ? String(value) : value;
      const id = typeof text === 'string' && toStored ? toStored(text) : text;
      const found = problemOf(value, id);
      if (found === null) ctx.value = id;
      else ctx.issues.push({ ...found, input: value });
    })
    .meta({
      type: ['string', 'integer'],
      pattern: `^[^\\u0000-\\u001f\\u007f-\\u009f]{${mayBeEmpty ? 0 : 1},${MAX_CHARACTERS}}$`,
      description:
        'A whole number is taken as its digits. A macro that nobody replaced (`{click_id}`) and a word for nothing (`undefined`, `null`, `0`, blanks) are refused with the issue code `placeholder`.',
    });
}

function problemOf(value: unknown, id: unknown): ReturnType<typeof problem> | null {
  if (typeof id !== 'string') return problem('invalid_type', 'must be text or a whole number');
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    return Number.isInteger(value)
      ? problem('too_large', 'is not exact as a JSON number; send it as text')
      : problem('invalid_type', 'must be text or a whole number');
  if (!STORABLE.test(id))
    return problem('invalid_format', `must be 1 to ${MAX_CHARACTERS} characters, without control characters`);
  if (id.includes(REPLACEMENT))
    return problem('invalid_format', 'was not sent as UTF-8, so that it is not known which id it was');
  if (isPlaceholder(id))
    return problem(
      'placeholder',
      'is a macro that nobody replaced, or a word for nothing; leave the field out where it has no value',
    );
  return null;
}
