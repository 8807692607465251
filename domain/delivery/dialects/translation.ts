// Translates a postback URL from the macros of another platform into Postrider macros, and reports
// what the translation loses.
import { REASONS, type Dialect } from './dialect.ts';
import { NETWORK_DIALECTS } from './networks.ts';
import { layOut, type UrlPlace } from '../templates/template.ts';
import { TRACKER_DIALECTS } from './trackers.ts';

export const DIALECTS = { ...NETWORK_DIALECTS, ...TRACKER_DIALECTS };

export type DialectName = keyof typeof DIALECTS;

export const DIALECT_NAMES = Object.keys(DIALECTS) as DialectName[];

/** A foreign macro without a counterpart, left empty. `where` is `path` or `query.<parameter>`. */
type Unmapped = { macro: string; where: string; note: string };

/**
 * Result of a translation. `notes` lists what a person should know or decide before using the URL.
 */
export type Translation = { dialect: DialectName; url: string; unmapped: Unmapped[]; notes: string[] };

type Translated =
  | { kind: 'translated'; translation: Translation }
  | {
      kind: 'refused';
      about: 'dialect' | 'url';
      code: 'unknown_dialect' | 'misplaced_macro' | 'invalid_url';
      message: string;
    };

/**
 * A placeholder in a foreign URL: a macro, or the REPLACE of a tracker, which its parameter
 * identifies.
 */
type Found = { 0: string; index: number; place: UrlPlace; becomes: Meaning };

/** Translation of one macro. `isKnown` is true when the dialect has this macro. */
type Meaning = { ours: string | null; note: string | null; isKnown: boolean };

const STYLES = { braces: /\{([^{}]*)\}/g, hashes: /#([a-z]\w*)#/gi };
/** Placeholders that trackers show in place of the macro of the network. */
const BLANK_TO_FILL = /(?<==)(REPLACE|OPTIONAL|\{\}|\{[A-Z]+_[A-Z_]+\})(?=&|#|$)/g;
/** An ampersand as HTML pages show it. */
const HTML_AMPERSAND = /&amp;/gi;
const ENCODED_BRACES = /%7B([\w.:-]*)%7D/gi;
/** A macro that lets a receiver tell a reversal from a conversion. */
const TELLS_REVERSALS = /\{_?(status|event|event_type|payout_delta|reason)\b/;

/**
 * Translates a URL. `auto` selects the dialect that knows most of the macros. A URL is refused when
 * no translation makes it a valid template.
 */
export function translate(given: string, from: DialectName | 'auto'): Translated {
  const url = given.trim().replaceAll(HTML_AMPERSAND, '&').replaceAll(ENCODED_BRACES, '{$1}');
  if (from !== 'auto') return translateFrom(url, from);
  const [best] = DIALECT_NAMES.map((name) => ({ name, known: knownIn(url, DIALECTS[name]) })).toSorted(
    (a, b) => b.known - a.known,
  );
  if (best === undefined || best.known === 0)
    return {
      kind: 'refused',
      about: 'dialect',
      code: 'unknown_dialect',
      message: 'no dialect knows a macro of this URL; name the platform it comes from',
    };
  const result = translateFrom(url, best.name);
  if (result.kind === 'refused') return result;
  const others = DIALECT_NAMES.filter(
    (name) => name !== best.name && knownIn(url, DIALECTS[name]) === best.known,
  );
  const differing = others.filter((name) => urlOf(translateFrom(url, name)) !== result.translation.url);
  if (differing.length > 0) {
    const theirs = listed(differing.map((name) => DIALECTS[name].name));
    result.translation.notes.unshift(
      `taken as ${DIALECTS[best.name].name}; at ${theirs} these macros mean something else, so name the platform if it is that one`,
    );
  }
  return result;
}

/** Whether some dialect knows a macro of this name, with or without a counterpart of ours. */
export function isKnownElsewhere(name: string): boolean {
  return DIALECT_NAMES.some((dialect) => meaningOf(name, DIALECTS[dialect]).isKnown);
}

function translateFrom(url: string, name: DialectName): Translated {
  const dialect: Dialect = DIALECTS[name];
  const search = findIn(url, dialect);
  if (search === undefined)
    return {
      kind: 'refused',
      about: 'url',
      code: 'invalid_url',
      message: 'this is not an http or https URL',
    };
  const { found, fragmentAt } = search;
  const misplaced = found.find(({ place }) => place.in === 'host' || place.in === 'name');
  if (misplaced !== undefined) {
    const where = misplaced.place.in === 'host' ? 'the scheme, host or port' : "a parameter's name";
    return {
      kind: 'refused',
      about: 'url',
      code: 'misplaced_macro',
      message: `${misplaced[0]} may not stand in ${where}, at character ${misplaced.index + 1}`,
    };
  }
  const sent = found.filter(({ place }) => place.in !== 'fragment');
  let ours = '';
  let at = 0;
  for (const { 0: macro, index, becomes } of sent) {
    ours += url.slice(at, index) + (becomes.ours ?? '');
    at = index + macro.length;
  }
  ours += url.slice(at, fragmentAt);
  const unmapped = sent.flatMap(({ 0: macro, place, becomes }) =>
    becomes.ours === null
      ? [
          {
            macro,
            where: place.in === 'path' ? 'path' : `query.${place.parameter}`,
            note: becomes.note ?? '',
          },
        ]
      : [],
  );
  const notes = [
    ...meaningNotes(sent),
    ...clashNotes(sent),
    ...wholeNotes(ours, sent, url.length > fragmentAt),
  ];
  return {
    kind: 'translated',
    translation: { dialect: name, url: ours, unmapped, notes: [...new Set(notes)] },
  };
}

/** All placeholders of the URL, in order. Undefined when the text is not an http or https URL. */
function findIn(url: string, dialect: Dialect): { found: Found[]; fragmentAt: number } | undefined {
  const blanks = dialect.parameters === undefined ? [] : [...url.matchAll(BLANK_TO_FILL)];
  const blankAt = new Set(blanks.map(({ index }) => index));
  const macros = [...url.matchAll(STYLES[dialect.style])].filter(({ index }) => !blankAt.has(index));
  const all = [...blanks, ...macros].toSorted((a, b) => a.index - b.index);
  const layout = layOut(url, all);
  if (layout === undefined) return undefined;
  const found = all.map((match) => {
    const place = layout.placeAt(match.index);
    const becomes = blankAt.has(match.index)
      ? blankIn(place.parameter, dialect)
      : meaningOf(match[1] ?? '', dialect);
    return { 0: match[0], index: match.index, place, becomes };
  });
  return { found, fragmentAt: layout.fragmentAt };
}

function meaningOf(written: string, dialect: Dialect): Meaning {
  const isUnderscored = dialect.raw === 'underscore' && written.startsWith('_');
  const [name = '', argument] = (isUnderscored ? written.slice(1) : written).split(/:(.*)/s);
  const isRaw = isUnderscored || (dialect.raw === 'function' && argument === 'raw');
  const counterpart = Object.hasOwn(dialect.macros, name) ? dialect.macros[name] : undefined;
  if (counterpart === undefined) return lostMeaning(name, dialect);
  const { ours, note } = typeof counterpart === 'string' ? { ours: counterpart, note: null } : counterpart;
  if (argument === undefined || isRaw)
    return { ours: isRaw ? ours.replace('{', '{_') : ours, note, isKnown: true };
  const mapped = name === 'status' ? remapped(ours, argument) : null;
  return { ours: mapped, note: mapped === null ? `":${argument}" has no counterpart` : note, isKnown: true };
}

function lostMeaning(name: string, dialect: Dialect): Meaning {
  const reason = (Object.keys(REASONS) as (keyof typeof REASONS)[]).find((each) =>
    dialect.without[each]?.includes(name),
  );
  if (reason !== undefined) return { ours: null, note: REASONS[reason], isKnown: true };
  return {
    ours: null,
    note: `it is not known as a macro of ${dialect.name}; check how it is written`,
    isKnown: false,
  };
}

function blankIn(parameter: string, dialect: Dialect): Meaning {
  const ours =
    dialect.parameters !== undefined && Object.hasOwn(dialect.parameters, parameter)
      ? dialect.parameters[parameter]
      : undefined;
  if (ours !== undefined) return { ours, note: null, isKnown: true };
  return {
    ours: null,
    note: `nothing is known to belong into ${dialect.name}'s parameter ${parameter}`,
    isKnown: false,
  };
}

/**
 * Replaces the target names in a Postrider status map with the status names of the platform:
 * `lead=0 sale=1` over `pending=lead,payable=sale` gives `pending=0,payable=1`.
 */
function remapped(ours: string, argument: string): string | null {
  const pairs = argument.split(/[\s,]+|%20|\+/).map((pair) => pair.split('='));
  const theirs = new Map(pairs.map(([from = '', to]) => [from, to]));
  const [, map] = /:map\((.*)\)/.exec(ours) ?? [];
  if (
    map === undefined ||
    pairs.some(([from, to, ...rest]) => !from || !/^[\w.~-]+$/.test(to ?? '') || rest.length > 0)
  )
    return null;
  const renamed = map.split(',').flatMap((pair) => {
    const [status = '', word = ''] = pair.split('=');
    return theirs.has(word) ? [`${status}=${theirs.get(word)}`] : [];
  });
  return renamed.length === 0 ? null : ours.replace(map, renamed.join(','));
}

function meaningNotes(found: readonly Found[]): string[] {
  return found.flatMap(({ becomes }) =>
    becomes.ours !== null && becomes.note !== null ? [becomes.note] : [],
  );
}

/** Reports two foreign values that would both come back in the same Postrider sub. */
function clashNotes(found: readonly Found[]): string[] {
  const bySub = new Map<string, Set<string>>();
  for (const { 0: macro, becomes } of found)
    for (const [, sub] of (becomes.ours ?? '').matchAll(/\{_?(sub\d)\b/g))
      bySub.set(sub!, (bySub.get(sub!) ?? new Set()).add(macro));
  return [...bySub].flatMap(([sub, macros]) =>
    macros.size > 1
      ? [`${listed([...macros])} would all be {${sub}}; let the links carry them in different subs`]
      : [],
  );
}

function wholeNotes(ours: string, found: readonly Found[], hasFragment: boolean): string[] {
  const carried = [...new Set(Array.from(ours.matchAll(/\{_?(sub\d)\b/g), ([, sub]) => sub!))].toSorted();
  return [
    ...(carried.length > 0
      ? [
          `the affiliate's links must carry ${listed(carried)}, as in ?${carried.map((sub) => `${sub}=…`).join('&')}`,
        ]
      : []),
    ...(TELLS_REVERSALS.test(ours)
      ? []
      : [
          'nothing in this URL tells a reversal from a conversion: add {status}, or let the endpoint listen to conversion.created only',
        ]),
    ...(found.some(({ becomes }) => becomes.ours === null)
      ? ['macros without a counterpart are left empty']
      : []),
    ...(hasFragment ? ['the part behind # is never sent and was left out'] : []),
  ];
}

function knownIn(url: string, dialect: Dialect): number {
  return (findIn(url, dialect)?.found ?? []).filter(({ becomes }) => becomes.isKnown).length;
}

function urlOf(result: Translated): string | null {
  return result.kind === 'translated' ? result.translation.url : null;
}

function listed(texts: readonly string[]): string {
  return texts.join(' and ');
}
