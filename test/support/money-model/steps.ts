// Histories as calls of the API, in data: `$name` stands for the id that an earlier step made, `@…`
// for a time relative to the run. One table of steps makes both a world for the model
// (`world-from-steps.ts`) and a run over HTTP (`drive.ts`).

export interface ApiStep {
  readonly method: 'POST' | 'PATCH';
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** The name by which later steps refer to what this step made. */
  readonly as?: string;
  /** The API must refuse this step with 400; then it changes nothing. */
  readonly refused?: { readonly issue?: string };
}

const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 } as const;

/**
 * A time that a step names: `@now`, `@-3d`, `@-90m`, `@+1s`, or by months `@month-1.05T12:00`: noon
 * (UTC) of the 5th of the month before the run's.
 */
export function timeFrom(text: string, now: number): string {
  const relative = /^@([+-]\d+)([dhms])$/.exec(text);
  if (text === '@now') return new Date(now).toISOString();
  if (relative)
    return new Date(now + Number(relative[1]) * UNITS[relative[2] as keyof typeof UNITS]).toISOString();
  const monthly = /^@month([+-]\d+)?\.(\d\d)T(\d\d):(\d\d)$/.exec(text);
  if (!monthly) return text;
  const [, months, day, hour, minute] = monthly;
  const today = new Date(now);
  const month = today.getUTCMonth() + Number(months ?? 0);
  return new Date(
    Date.UTC(today.getUTCFullYear(), month, Number(day), Number(hour), Number(minute)),
  ).toISOString();
}

/** Replaces names and times in a body, however deep. */
export function resolve(value: unknown, now: number, idOf: (name: string) => string): unknown {
  if (typeof value === 'string') {
    if (value.startsWith('@')) return timeFrom(value, now);
    return /^\$\w+$/.test(value) ? idOf(value.slice(1)) : value;
  }
  if (Array.isArray(value)) return value.map((each) => resolve(each, now, idOf));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolve(each, now, idOf)]));
}

/** The name of what a step makes: its own, or of an event its transaction id. */
export function nameOf(step: ApiStep, index: number): string {
  const transaction = step.body['transaction_id'];
  return step.as ?? (typeof transaction === 'string' ? transaction : `step${index}`);
}

const post = (path: string, body: Readonly<Record<string, unknown>>, as?: string): ApiStep => ({
  method: 'POST',
  path,
  body,
  ...(as === undefined ? {} : { as }),
});
const patch = (path: string, body: Readonly<Record<string, unknown>>): ApiStep => ({
  method: 'PATCH',
  path,
  body,
});

type Fields = Readonly<Record<string, unknown>>;

/** Stands first in a history that needs another currency or zone than USD and UTC. */
export const newOperator = (fields: Fields): ApiStep => post('/v1/operators', { name: 'story', ...fields });
export const operator = (fields: Fields): ApiStep => patch('/v1/operator', fields);
export const currency = (code: string, exponent: number): ApiStep =>
  post('/v1/currencies', { code, exponent });
export const affiliate = (name: string, fields: Fields = {}): ApiStep =>
  post('/v1/affiliates', { name, ...fields }, name);
export const change = (name: string, fields: Fields): ApiStep => patch(`/v1/affiliates/$${name}`, fields);
export const deal = (terms: Fields, fields: Fields = {}, as = 'D'): ApiStep =>
  post('/v1/deals', { name: as, terms, ...fields }, as);
export const version = (terms: Fields, from: string, fields: Fields = {}, of = 'D'): ApiStep =>
  post(`/v1/deals/$${of}/versions`, { terms, effective_from: from, ...fields });
export const end = (of: string): ApiStep => post(`/v1/deals/$${of}/end`, {});
export const click = (name: string, of: string, at: string): ApiStep =>
  post('/v1/clicks', { affiliate_id: `$${of}`, clicked_at: at }, name);
export const coupon = (code: string, of: string, fields: Fields = {}): ApiStep =>
  post('/v1/coupons', { code, affiliate_id: `$${of}`, ...fields });
export const rate = (base: string, quote: string, value: string, at: string): ApiStep =>
  post('/v1/fx-rates', { base, quote, rate: value, as_of: at, source: 'bank' });
export const amend = (name: string, fields: Fields): ApiStep => post(`/v1/events/$${name}/amend`, fields);
export const decide = (what: 'void' | 'unvoid' | 'reject' | 'unreject', name: string): ApiStep =>
  post(`/v1/events/$${name}/${what}`, what === 'void' || what === 'reject' ? { reason: 'by mistake' } : {});
export const assign = (name: string, to: string, fields: Fields = {}): ApiStep =>
  post(`/v1/orphans/$${name}/assign`, { affiliate_id: `$${to}`, ...fields });
export const reassign = (customer: string, to: string, from: string): ApiStep =>
  post(`/v1/customers/${customer}/reassign`, {
    affiliate_id: `$${to}`,
    from,
    reason: 'given to the wrong one',
  });

/** What a story says of an event in short: `by` is a click, `of` a customer, `at` the time. */
export interface EventFields {
  readonly of?: string;
  readonly by?: string;
  readonly at?: string;
  readonly amount?: string;
  readonly currency?: string;
  readonly more?: Fields;
}

/** An event under a transaction id, in USD unless it says otherwise. */
export function event(
  type: string,
  id: string,
  { of, by, at, amount, currency: code, more }: EventFields,
): ApiStep {
  return post('/v1/events', {
    event: type,
    transaction_id: id,
    ...(of === undefined ? {} : { customer_id: of }),
    ...(by === undefined ? {} : { click_id: `$${by}` }),
    ...(at === undefined ? {} : { occurred_at: at }),
    ...(amount === undefined
      ? {}
      : {
          amount,
          currency: code ?? 'USD',
        }),
    ...more,
  });
}

/** A reversal that names what it reverses. */
export const against = (type: string, id: string, reference: string, fields: EventFields = {}): ApiStep =>
  event(type, id, { ...fields, more: { reference, ...fields.more } });

/** A step that the API refuses. */
export const refused = (step: ApiStep, issue?: string): ApiStep => ({
  ...step,
  refused: issue === undefined ? {} : { issue },
});
