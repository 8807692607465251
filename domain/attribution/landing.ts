// Landing URLs: fills the macros of a link's landing page, or checks a deep link, and appends the
// click id and the subs. Query and fragment of the target stay unchanged, byte for byte.
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

/** A compiled landing page. */
export type Landing = {
  address: UrlTemplate;
  fragment: TextTemplate;
  params: readonly (readonly [name: string, value: TextTemplate])[];
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
  const [addressText = '', ...fragmentTexts] = landingUrl.split(/(?=#)/);
  const problems: LandingProblem[] = [];
  const at = ['landing_url'];
  const address = checked(parseUrl(addressText), at, problems);
  const fragment = checked(parseText(fragmentTexts.join('')), at, problems);
  if (
    address !== null &&
    namesOf([...address.path.flat(), ...address.query, ...(fragment ?? [])]).some(isUnknownAtClick)
  )
    problems.push(unknownAtClick(at));
  if (parametersOf(addressText).some(isMisusedClickParameter)) problems.push(reserved(at));
  const compiled = Object.entries(params).map(([name, text]) => {
    const path = ['params', name];
    const value = checked(parseText(text), path, problems) ?? [];
    if (isMisusedClickParameter([name, text])) problems.push(reserved(path));
    else if (namesOf(value).some(isUnknownAtClick)) problems.push(unknownAtClick(path));
    return [name, value] as const;
  });
  if (address === null || fragment === null || problems.length > 0) return { kind: 'problems', problems };
  return { kind: 'landing', landing: { address, fragment, params: compiled } };
}

/** The landing URL of a visit. */
export function landingPageOf({ address, fragment, params }: Landing, visit: Visit): string {
  const values = valuesOf(visit);
  // Encode the fragment as a query: no character of a value ends it.
  const end = fillUrl({ origin: '', path: [], query: fragment }, values);
  return withParameters(fillUrl(address, values), params, visit) + end;
}

/**
 * The deep link of a visit, or null when it is no web URL or its host is not allowed. Braces in it
 * are not macros.
 */
export function deepLinkOf(
  { params }: Landing,
  to: string,
  allowedHosts: readonly string[],
  visit: Visit,
): string | null {
  const url = parseWebUrl(to);
  if (url === null || !allowedHosts.some((host) => isHostAllowed(url, host))) return null;
  const { hash } = url;
  url.hash = '';
  // Use the normalized URL, so that the browser cannot read another host than the checked one.
  return withParameters(url.href.replace(/#$/, ''), params, visit) + hash;
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
  const { clickId, subs, firstClickDays } = visit;
  const ours: [string, string | null][] = [
    [CLICK_PARAMETER, clickId],
    [FIRST_CLICK_PARAMETER, clickId === null || firstClickDays === null ? null : String(firstClickDays)],
    ...SUBS.map((name, index): [string, string | null] => [name, subs[index] ?? null]),
  ];
  const taken = new Set(parametersOf(address).map(([name]) => name));
  const added: string[] = [];
  const add = (name: string, encodedValue: string): void => {
    if (taken.has(name)) return;
    taken.add(name);
    added.push(`${percentEncoded(name)}=${encodedValue}`);
  };
  for (const [name, value] of params) add(name, withoutPlus(fillFormValue(value, values)));
  for (const [name, value] of ours) if (value !== null) add(name, percentEncoded(value));
  if (added.length === 0) return address;
  const separator = !address.includes('?') ? '?' : /^[^?]*\?$|&$/.test(address) ? '' : '&';
  return address + separator + added.join('&');
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

/** Parameters of an address without fragment, still encoded. */
function parametersOf(address: string): [name: string, value: string][] {
  const queryAt = address.indexOf('?');
  const pairs = queryAt < 0 ? [] : address.slice(queryAt + 1).split('&');
  return pairs.map((pair) => [pair.split('=', 1)[0]!, pair.slice(pair.indexOf('=') + 1 || pair.length)]);
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

/** A second parameter of this name would make the click id ambiguous. */
function isMisusedClickParameter([name, value]: readonly [string, string]): boolean {
  return name === CLICK_PARAMETER && value !== '{click_id}';
}

function reserved(path: string[]): LandingProblem {
  const message = `${CLICK_PARAMETER} holds the click's id: leave it out, or give it as {click_id}`;
  return { code: 'reserved_parameter', message, path };
}
