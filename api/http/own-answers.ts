// Answers to affiliates: what an operator's answer holds that is not for them is left out.
import type { Response } from 'express';

/** Who the customers are. Left out unless the operator shares it. */
const OF_PERSONS: ReadonlySet<string> = new Set(['customer_id', 'metadata']);
/** Other affiliates, and the operator's own tools: null for affiliates. */
const OF_THE_OPERATOR: ReadonlySet<string> = new Set(['parent_id', 'parent_since', 'workflow_url']);

/** Has `res.json` and `shownTo` leave out what is not for affiliates. */
export function answerAffiliate(res: Response, { sharesPersons }: { sharesPersons: boolean }): void {
  const shown = (body: unknown): unknown => withoutOthers(body, sharesPersons);
  const json = res.json.bind(res);
  res.json = (body: unknown) => json(shown(body));
  res.locals['shown'] = shown;
}

/** What the caller may see of a part of an answer that is not sent by `res.json`. */
export function shownTo<T>(res: Response, part: T): T {
  const shown = res.locals['shown'] as ((body: T) => T) | undefined;
  return shown === undefined ? part : shown(part);
}

function withoutOthers(value: unknown, sharesPersons: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutOthers(item, sharesPersons));
  if (!isPlain(value)) return value;
  const entries = Object.entries(value).flatMap(([name, inner]): [string, unknown][] => {
    if (OF_PERSONS.has(name) && !sharesPersons) return [];
    if (OF_THE_OPERATOR.has(name)) return [[name, null]];
    // The key by which a person of the operator acted.
    if (name === 'actor' && typeof inner === 'string') return [[name, 'operator']];
    return [[name, withoutOthers(inner, sharesPersons)]];
  });
  return Object.fromEntries(entries);
}

/** Whether it is an object of an answer; a Date is not. */
function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
