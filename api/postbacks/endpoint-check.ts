// Checks of an endpoint before it is saved: what is refused, and what is saved with a warning. The
// rules for a URL and headers belong to `delivery/`, and are handed in.
import { z } from 'zod';
import { lookalikesInText, lookalikesInUrl, type Lookalike } from '../../domain/delivery/lookalikes.ts';
import {
  misplacedMacros,
  parseText,
  parseUrl,
  type Parsed,
  type Problem,
} from '../../domain/delivery/templates/template.ts';
import { text } from '../http/answer-fields.ts';
import type { Issue } from '../http/errors.ts';
import { invalid } from '../http/read.ts';

/** Rules for the URL and headers of an endpoint; made by `delivery/`. */
export type EndpointRules = {
  guard: {
    check(
      url: string,
    ): Promise<{ ok: true } | { ok: false; code: 'blocked_address' | 'invalid_request'; message: string }>;
  };
  headerProblems(headers: Readonly<Record<string, string>>): { name: string; message: string }[];
};

/** The part of an endpoint that is checked: what a request gives. */
type Checked = {
  url?: string | undefined;
  headers?: Record<string, string> | undefined;
  form?: Record<string, string> | null | undefined;
};

/** Something that is saved as it was given and may not be what was meant. */
export const warnings = z
  .array(z.object({ code: text, path: text, message: text }))
  .meta({ description: 'what was saved as it was given, and may not be what was meant' });
export type Warning = z.infer<typeof warnings>[number];

/**
 * Throws for a blocked or invalid URL, an unknown, misplaced or damaged macro, and a reserved
 * header. Returns warnings.
 */
export async function checkEndpoint(given: Checked, rules: EndpointRules): Promise<Warning[]> {
  const { issues, warnings: found } = checkTexts(given, rules);
  const urlIssues = given.url === undefined ? [] : issuesIn('url', parseUrl(given.url));
  const verdict =
    given.url === undefined || urlIssues.length > 0
      ? { ok: true as const }
      : await rules.guard.check(given.url);
  if (!verdict.ok)
    throw invalid([...issues, { path: 'url', code: verdict.code, message: verdict.message }], verdict.code);
  issues.push(...urlIssues);
  if (given.url !== undefined && urlIssues.length === 0)
    sort('url', lookalikesInUrl(given.url), issues, found);
  if (issues.length > 0)
    throw invalid(
      issues,
      issues.some(({ code }) => code === 'unknown_macro') ? 'unknown_macro' : 'invalid_request',
    );
  return found;
}

type Saved = { method: string; body: string; url: string; headers: object; form: object | null };

/** Warnings about an endpoint as a whole: what would tell its receiver nothing. */
export function warningsAboutSaved({ method, body, url, headers, form }: Saved): Warning[] {
  const isGet = method === 'GET';
  const fills = [url, ...Object.values(headers)].some((template) => template.includes('{'));
  return [
    ...(form !== null && (isGet || body !== 'form')
      ? [
          {
            code: 'unsent_form',
            path: 'form',
            message: `its fields are not sent: ${isGet ? 'a GET has no body' : 'the body is JSON'}`,
          },
        ]
      : []),
    ...(isGet && !fills
      ? [
          {
            code: 'no_macro',
            path: 'url',
            message: 'a GET says what its macros say, and this URL has none, such as {click_id}',
          },
        ]
      : []),
  ];
}

/** Checks the templates of headers and form fields. */
function checkTexts(given: Checked, rules: EndpointRules): { issues: Issue[]; warnings: Warning[] } {
  const found: Warning[] = [];
  const issues: Issue[] = rules
    .headerProblems(given.headers ?? {})
    .map(({ name, message }) => ({ path: `headers.${name}`, code: 'invalid_header', message }));
  for (const [name, value] of Object.entries(given.headers ?? {})) {
    issues.push(...issuesIn(`headers.${name}`, parseText(value)));
    sort(`headers.${name}`, lookalikesInText(value), issues, found);
  }
  for (const [name, value] of Object.entries(given.form ?? {})) {
    issues.push(
      ...issuesOf(`form.${name}`, misplacedMacros(name, "a field's name")),
      ...issuesIn(`form.${name}`, parseText(value)),
    );
    sort(`form.${name}`, lookalikesInText(value), issues, found);
  }
  return { issues, warnings: found };
}

/** Adds lookalikes to the issues or to the warnings. */
function sort(path: string, lookalikes: readonly Lookalike[], issues: Issue[], found: Warning[]): void {
  for (const { isRefused, code, message } of lookalikes)
    (isRefused ? issues : found).push({ path, code, message });
}

function issuesIn(path: string, parsed: Parsed<unknown>): Issue[] {
  return parsed.kind === 'problems' ? issuesOf(path, parsed.problems) : [];
}

function issuesOf(path: string, problems: readonly Problem[]): Issue[] {
  return problems.map(({ code, message }) => ({ path, code, message }));
}
