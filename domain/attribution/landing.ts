// Landing URLs: fills the macros of a link's landing page, or checks a deep link, and appends the
// click id and the subs. Query and fragment of a landing page stay unchanged, byte for byte; so do
// those of a deep link, except for values of another visit.
import type { MACROS, Values } from '../delivery/templates/macros.ts';
import {
  fillFormValue,
  fillUrl,
  formEncoded,
  parseText,
  parseUrl,
  type Parsed,
  type Problem,
  type TextTemplate,
  type UrlTemplate,
} from '../delivery/templates/template.ts';
import { bySub, SUBS, type Subs } from '../types.ts';
import { lenientName, parametersIn, withReplaced } from './url-parameters.ts';

/** Macros known at a click; other macros belong to postbacks. */
const CLICK_MACROS = [
  'click_id',
  'affiliate_id',
  ...SUBS,
] as const satisfies readonly (keyof typeof MACROS)[];
type ClickMacro = (typeof CLICK_MACROS)[number];
/** Parameter that carries the click id to the landing page; reserved for it. */
const CLICK_PARAMETER = 'click_id';
/**
 * Parameter that tells the capture script to keep an earlier click of the visitor that is at most
 * this many days old.
 */
const FIRST_CLICK_PARAMETER = 'first_click_days';
const VISIT_PARAMETERS: ReadonlySet<string> = new Set([CLICK_PARAMETER, FIRST_CLICK_PARAMETER, ...SUBS]);

/**
 * A compiled landing page. `filled`: the parameters of the landing URL itself whose values have
 * macros; their names and texts are encoded already.
 */
export type Landing = {
  address: UrlTemplate;
  fragment: TextTemplate;
  params: readonly (readonly [name: string, value: TextTemplate])[];
  filled: readonly (readonly [name: string, value: TextTemplate])[];
};

/**
 * Values of one visit. `clickId` null: the visit is not counted. `firstClickDays`: an earlier click
 * at most this many days old outranks this one; null: the last click counts.
 */
export type Visit = {
  affiliateId: string;
  clickId: string | null;
  subs: Subs;
  firstClickDays: number | null;
};

/** A problem of a landing URL or of one parameter, named by `path`. */
type LandingProblem = {
  code: Problem['code'] | 'reserved_parameter';
  message: string;
  path: string[];
};

/** Compiles a landing URL and the parameters of a link, or returns every problem. */
export function compileLanding(
  landingUrl: string,
  params: Readonly<Record<string, string>>,
): { kind: 'landing'; landing: Landing } | { kind: 'problems'; problems: LandingProblem[] } {
  const { addressText, fragmentText } = partsOf(landingUrl);
  const problems: LandingProblem[] = [];
  const at = ['landing_url'];
  const address = checked(parseUrl(addressText), at, problems);
  const fragment = checked(parseText(fragmentText), at, problems);
  if (
    address !== null &&
    namesOf([...address.path.flat(), ...address.query, ...(fragment ?? [])]).some(isUnknownAtClick)
  )
    problems.push(unknownAtClick(at));
  const compiled = Object.entries(params).map(([name, text]) => {
    const path = ['params', name];
    const value = checked(parseText(text), path, problems) ?? [];
    if (namesOf(value).some(isUnknownAtClick)) problems.push(unknownAtClick(path));
    return [name, value] as const;
  });
  if (address === null || fragment === null || problems.length > 0) return { kind: 'problems', problems };
  const filled = parametersOfUrl(landingUrl).flatMap(([name, text]) => {
    const value = parseText(text);
    return value.kind === 'template' && namesOf(value.template).length > 0
      ? [[name, value.template] as const]
      : [];
  });
  return { kind: 'landing', landing: { address, fragment, params: compiled, filled } };
}

/**
 * Parameters of a new link that would make the click id ambiguous: those that a server may read as
 * `click_id`, with another value. Not part of compiling, so that links saved under an earlier rule
 * still lead to their page.
 */
export function reservedParameters(
  landingUrl: string,
  params: Readonly<Record<string, string>>,
): LandingProblem[] {
  const isMisused = ([name, value]: readonly [string, string]): boolean =>
    lenientName(name) === CLICK_PARAMETER && value !== '{click_id}';
  const inUrl = parametersOfUrl(landingUrl).some(isMisused) ? [reserved(['landing_url'])] : [];
  return [
    ...inUrl,
    ...Object.entries(params)
      .filter(isMisused)
      .map(([name]) => reserved(['params', name])),
  ];
}

/** The landing URL of a visit. */
export function landingPageOf({ address, fragment, params }: Landing, visit: Visit): string {
  const values = valuesOf(visit);
  // Encode the fragment as a query: no character of a value ends it.
  const end = fillUrl({ origin: '', path: [], query: fragment }, values);
  return withParameters(fillUrl(address, values), params, visit) + end;
}

/**
 * The deep link of a visit, or null when it is no web URL, its host is not allowed, or it would
 * carry the click id in the clear although the landing page is https. Braces in it are not macros.
 *
 * Affiliates copy a page's address after they landed on it, with the click id and subs of that
 * visit. Such values are replaced by this visit's: the customer would be another affiliate's
 * otherwise.
 */
export function deepLinkOf(
  landing: Landing,
  to: string,
  allowedHosts: readonly string[],
  visit: Visit,
): string | null {
  const url = parseWebUrl(to);
  if (url === null || !allowedHosts.some((host) => isHostAllowed(url, host))) return null;
  if (url.protocol === 'http:' && /^https:/i.test(landing.address.origin)) return null;
  const { hash } = url;
  url.hash = '';
  const replacements = replacementsOf(landing, visit);
  // Use the normalized URL, so that the browser cannot read another host than the checked one.
  const address = url.href.replace(/#$/, '').replace(/\?(.+)$/, (_, query: string) => {
    const replaced = withReplaced(query, 'query', replacements);
    return replaced === '' ? '' : `?${replaced}`;
  });
  return withParameters(address, landing.params, visit) + withReplaced(hash, 'fragment', replacements);
}

/**
 * What stands in a deep link for each parameter of a visit, by its lenient name: `name=value`, or
 * null where this visit has no value. Parameters of a visit are the reserved ones, and those of the
 * link that are filled by macros.
 */
function replacementsOf({ params, filled }: Landing, visit: Visit): Map<string, string | null> {
  const values = valuesOf(visit);
  const replacements = new Map<string, string | null>();
  const add = (encodedName: string, encodedValue: string | null): void => {
    const name = lenientName(encodedName);
    if (replacements.has(name)) return;
    replacements.set(name, encodedValue === null ? null : `${encodedName}=${encodedValue}`);
  };
  for (const [name, value] of params)
    if (namesOf(value).length > 0 || VISIT_PARAMETERS.has(lenientName(name)))
      add(percentEncoded(name), withoutPlus(fillFormValue(value, values)));
  for (const [name, value] of valuesOfParameters(visit))
    add(name, value === null ? null : percentEncoded(value));
  for (const [name, value] of filled) add(name, fillUrl({ origin: '', path: [], query: value }, values));
  return replacements;
}

const HOST = /^(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?(:\d{1,5})?$/;

/**
 * Whether the text is a valid allowed host: `shop.example`, `*.shop.example` (every host below it),
 * `shop.example:8443`.
 */
export function isAllowedHostForm(host: string): boolean {
  return host.length <= 253 && HOST.test(host);
}

function isHostAllowed(url: URL, allowed: string): boolean {
  return allowed.startsWith('*.') ? url.host.endsWith(allowed.slice(1)) : url.host === allowed;
}

function parseWebUrl(text: string): URL | null {
  if (!/^https?:\/\/[^\s\p{Cc}\p{Cs}]+$/iu.test(text) || !URL.canParse(text)) return null;
  const url = new URL(text);
  return url.username === '' && url.password === '' ? url : null;
}

/**
 * Appends the parameters of the link, the click id and the subs, except names that the address has
 * already.
 */
function withParameters(address: string, params: Landing['params'], visit: Visit): string {
  const values = valuesOf(visit);
  const taken = new Set((queryOf(address)?.split('&') ?? []).map((pair) => pair.split('=', 1)[0]!));
  const added: string[] = [];
  const add = (name: string, encodedValue: string): void => {
    if (taken.has(name)) return;
    taken.add(name);
    added.push(`${percentEncoded(name)}=${encodedValue}`);
  };
  for (const [name, value] of params) add(name, withoutPlus(fillFormValue(value, values)));
  for (const [name, value] of valuesOfParameters(visit)) if (value !== null) add(name, percentEncoded(value));
  if (added.length === 0) return address;
  const separator = !address.includes('?') ? '?' : /^[^?]*\?$|&$/.test(address) ? '' : '&';
  return address + separator + added.join('&');
}

/** The reserved parameters of a visit; null where it has no value. */
function valuesOfParameters({ clickId, subs, firstClickDays }: Visit): [string, string | null][] {
  return [
    [CLICK_PARAMETER, clickId],
    [FIRST_CLICK_PARAMETER, clickId === null || firstClickDays === null ? null : String(firstClickDays)],
    ...SUBS.map((name, index): [string, string | null] => [name, subs[index] ?? null]),
  ];
}

/** Encodes a blank as %20, since not every site reads a plus as a blank. */
function percentEncoded(text: string): string {
  return withoutPlus(formEncoded(text));
}

function withoutPlus(text: string): string {
  return text.replaceAll('+', '%20');
}

function valuesOf({ affiliateId, clickId, subs }: Visit): Values {
  const given: Record<ClickMacro, string | null> = {
    click_id: clickId,
    affiliate_id: affiliateId,
    ...bySub((index) => subs[index]),
  };
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value ?? undefined]));
}

/** A URL's text before its fragment, and the fragment. Macros may stand in both. */
function partsOf(url: string): { addressText: string; fragmentText: string } {
  const [addressText = '', ...fragmentTexts] = url.split(/(?=#)/);
  return { addressText, fragmentText: fragmentTexts.join('') };
}

/** Parameters of a URL's query and fragment, still encoded. */
function parametersOfUrl(url: string): [name: string, value: string][] {
  const { addressText, fragmentText } = partsOf(url);
  return [...parametersIn(queryOf(addressText) ?? '', 'query'), ...parametersIn(fragmentText, 'fragment')];
}

/** The query of an address without fragment; null where it has none. */
function queryOf(address: string): string | null {
  const queryAt = address.indexOf('?');
  return queryAt < 0 ? null : address.slice(queryAt + 1);
}

/** Returns the template, or null after adding its problems to `problems`. */
function checked<Template>(
  parsed: Parsed<Template>,
  path: string[],
  problems: LandingProblem[],
): Template | null {
  if (parsed.kind === 'template') return parsed.template;
  problems.push(...parsed.problems.map(({ code, message }) => ({ code, message, path })));
  return null;
}

function namesOf(parts: TextTemplate): string[] {
  return parts.flatMap((part) => (typeof part === 'string' ? [] : [part.name]));
}

function isUnknownAtClick(name: string): boolean {
  return !(CLICK_MACROS as readonly string[]).includes(name);
}

function unknownAtClick(path: string[]): LandingProblem {
  return { code: 'unknown_macro', message: `a click knows only ${CLICK_MACROS.join(', ')}`, path };
}

function reserved(path: string[]): LandingProblem {
  const message = `${CLICK_PARAMETER} holds the click's id: leave it out, or give it as {click_id}`;
  return { code: 'reserved_parameter', message, path };
}
