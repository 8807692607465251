// Repairs the head of an answer: what HTTP lets a client read although undici's parser refuses it.
// A length that says two things, or nothing, is refused with that reason.
import { ReceiverError } from './failures.ts';

/**
 * What needs a closer look; few heads do, and looking closer at each would take a tenth of the time
 * of a send: a status line in another form, an answer without body or with a status below 200, a
 * line end without CR, a folded line, a blank before a colon, a length that is no number, a tab in
 * the fields that the parser itself reads, two fields that say where the body ends.
 */
const IRREGULAR = new RegExp(
  [
    String.raw`^(?!HTTP/1\.[01] [2-9]\d\d[ \r])|^HTTP/1\.\d (?:204|304)`,
    String.raw`[^\r]\n|\n[ \t]|[ \t]:`,
    String.raw`\ncontent-length:(?! *\d{1,15} *\r)`,
    String.raw`\n(?:transfer-encoding|connection|keep-alive):[^\n]*\t`,
    String.raw`\n(?:content-length|transfer-encoding):[^]*\n(?:content-length|transfer-encoding):`,
  ].join('|'),
  'i',
);
const END = /\r?\n\r?\n$/;
const FOLD = /\r?\n[ \t]+/g;
/** Name and value; a line without a name is left to the parser. */
const FIELD = /^([^\s:]+)[ \t]*:(.*)$/;
/** Blanks around a value, which are no part of it (RFC 9110, 5.5). */
const BLANKS_AROUND = /^[ \t]+|[ \t]+$/g;
/** Minor version, status and reason; blanks between them may be more than one (RFC 9112, 4). */
const STATUS_LINE = /^HTTP\/1\.(\d)[ \t]+(\d{3})(?:[ \t]+(.*))?$/;
/** The coding of RFC 2616 that says nothing, which old servers send beside a length. */
const IDENTITY = /^(identity)?$/i;
const LENGTH = /^0*\d{1,15}$/;
/** Answers that end with their head, whatever the head says. */
const WITHOUT_BODY = /^HTTP\/1\.\d (204|304)\b/;
const FRAMING = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive']);
/** `name` is in lower case and empty in a line that is no field. */
type Field = { name: string; value: string; line: string };
const CLOSE: Field = { name: 'connection', value: 'close', line: 'connection: close' };

/**
 * The head in the form that the parser takes; the same text when it has that form already. Lines
 * end in CRLF, folded lines are joined, no blank stands before a colon (RFC 9112, 2.2 and 5), and
 * the end of the body is given once (6.3). Where it was given otherwise, the connection is not
 * kept.
 */
export function repairedHead(head: string): string {
  if (!IRREGULAR.test(head)) return head;
  const [firstLine = '', ...lines] = head.replace(END, '').replace(FOLD, ' ').split(/\r?\n/);
  const statusLine = repairedStatusLine(firstLine);
  const fields = lines.map(readField);
  const framed = fields.filter(({ name }) => name === 'content-length' || name === 'transfer-encoding');
  const framing = framingOf(statusLine, framed);
  const kept =
    framing === framed ? fields : [...fields.filter(({ name }) => !FRAMING.has(name)), ...framing, CLOSE];
  return `${[statusLine, ...kept.map(({ line }) => line)].join('\r\n')}\r\n\r\n`;
}

/**
 * The status line as the parser takes it: a later minor version is read as the latest one that we
 * know (RFC 9110, 2.5). A line of another form is left to the parser.
 */
function repairedStatusLine(line: string): string {
  const [, minor, status, reason] = STATUS_LINE.exec(line) ?? [];
  if (minor === undefined) return line;
  if (status === '101')
    throw new ReceiverError('protocol_error', 'it went over to another protocol (101) unasked');
  if (Number(status) < 200) throw new ReceiverError('protocol_error', `HTTP has no status ${status}`);
  return `HTTP/1.${Math.min(Number(minor), 1)} ${status} ${reason ?? ''}`;
}

function readField(line: string): Field {
  const [, name, text = ''] = FIELD.exec(line) ?? [];
  if (name === undefined) return { name: '', value: '', line };
  const value = text.replace(BLANKS_AROUND, '');
  return { name: name.toLowerCase(), value, line: `${name}: ${value}` };
}

/** The fields that say where the body ends; the same ones when they can be relied on. */
function framingOf(statusLine: string, fields: Field[]): Field[] {
  const coding = fields.filter(({ name, value }) => name === 'transfer-encoding' && !IDENTITY.test(value));
  const lengths = fields.filter(({ name }) => name === 'content-length');
  if (WITHOUT_BODY.test(statusLine))
    return coding.length === 0 && lengths.every(({ value }) => value === '0') ? fields : [];
  if (coding.length > 0) return lengths.length === 0 ? fields : coding;
  const texts = lengths.flatMap(({ value }) => value.split(',')).map((text) => text.trim());
  if (!texts.every((text) => LENGTH.test(text)))
    throw new ReceiverError('protocol_error', 'the Content-Length of its answer is not a number');
  const [length, ...others] = texts.map(Number);
  if (others.some((other) => other !== length))
    throw new ReceiverError('protocol_error', 'its answer has two different Content-Lengths');
  const isGivenOnce = texts.length < 2 && fields.length < 2;
  return isGivenOnce || length === undefined
    ? fields
    : [{ ...lengths[0]!, line: `content-length: ${length}` }];
}
