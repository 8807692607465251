// Repairs the head of an answer: what HTTP lets a client read although undici's parser refuses it.
// A length that says two things, or nothing, is refused with that reason.
import { ReceiverError } from './failures.ts';

/**
 * What needs a closer look; few heads do, and looking closer at each would take a tenth of the time
 * of a send: an answer without body, a line end without CR, a folded line, a blank before a colon,
 * a length that is no number, two fields that say where the body ends.
 */
const IRREGULAR = new RegExp(
  [
    String.raw`^HTTP/1\.\d (?:204|304)`,
    String.raw`[^\r]\n|\n[ \t]|[ \t]:`,
    String.raw`\ncontent-length:(?![ \t]*\d{1,15}[ \t]*\r)`,
    String.raw`\n(?:content-length|transfer-encoding):[^]*\n(?:content-length|transfer-encoding):`,
  ].join('|'),
  'i',
);
const END = /\r?\n\r?\n$/;
const FOLD = /\r?\n[ \t]+/g;
/** Name and value; a line without a name is left to the parser. */
const FIELD = /^([^\s:]+)[ \t]*:(.*)$/;
/** The coding of RFC 2616 that says nothing, which old servers send beside a length. */
const IDENTITY = /^identity$/i;
const LENGTH = /^\d{1,15}$/;
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
  const [statusLine = '', ...lines] = head.replace(END, '').replace(FOLD, ' ').split(/\r?\n/);
  const fields = lines.map(readField);
  const framed = fields.filter(({ name }) => name === 'content-length' || name === 'transfer-encoding');
  const framing = framingOf(statusLine, framed);
  const kept =
    framing === framed ? fields : [...fields.filter(({ name }) => !FRAMING.has(name)), ...framing, CLOSE];
  return `${[statusLine, ...kept.map(({ line }) => line)].join('\r\n')}\r\n\r\n`;
}

function readField(line: string): Field {
  const [, name, value = ''] = FIELD.exec(line) ?? [];
  return name === undefined
    ? { name: '', value: '', line }
    : { name: name.toLowerCase(), value: value.trim(), line: `${name}:${value}` };
}

/** The fields that say where the body ends; the same ones when they can be relied on. */
function framingOf(statusLine: string, fields: Field[]): Field[] {
  const coding = fields.filter(({ name, value }) => name === 'transfer-encoding' && !IDENTITY.test(value));
  const lengths = fields.filter(({ name }) => name === 'content-length');
  if (WITHOUT_BODY.test(statusLine))
    return coding.length === 0 && lengths.every(({ value }) => value === '0') ? fields : [];
  if (coding.length > 0) return lengths.length === 0 ? fields : coding;
  const values = lengths.flatMap(({ value }) => value.split(',')).map((value) => value.trim());
  if (!values.every((value) => LENGTH.test(value)))
    throw new ReceiverError('protocol_error', 'the Content-Length of its answer is not a number');
  if (values.some((value) => value !== values[0]))
    throw new ReceiverError('protocol_error', 'its answer has two different Content-Lengths');
  const isGivenOnce = values.length < 2 && fields.length < 2;
  return isGivenOnce || values.length === 0
    ? fields
    : [{ ...lengths[0]!, line: `content-length: ${values[0]}` }];
}
