// Values of settings as text in a form, in words, and back.
import type { Name, Operator, OperatorChange, Setting } from './setting-table.ts';

/** The text of a form for each setting of a group. */
export type Texts = Readonly<Record<string, string>>;

export type Change = { setting: Setting; from: string; to: string };

/** As the form shows it. */
export function textOf(setting: Setting, operator: Operator): string {
  const value = operator[setting.name];
  if (value === null || value === undefined) return '';
  switch (setting.kind) {
    case 'lines':
      return (value as readonly string[]).join('\n');
    case 'pairs':
      return Object.entries(value as Record<string, string | null>)
        .map(([name, means]) => `${name} = ${means ?? ''}`.trimEnd())
        .join('\n');
    default:
      return `${value as string | number | boolean}`;
  }
}

/** In words, for people who read it. Several entries are one a line. */
export function inWords(setting: Setting, text: string): string {
  switch (setting.kind) {
    case 'text':
      return text;
    case 'whole':
      return `${text} ${setting.unit}`;
    case 'whole or none':
      return text.trim() === '' ? setting.none : `${text.trim()} ${setting.unit}`;
    case 'choice':
      return setting.options.find(([value]) => value === text)?.[1] ?? text;
    case 'lines':
      return linesOf(text).join('\n') || setting.none;
    case 'pairs':
      return (
        pairsOf(text)
          .map(([name, means]) => `${name} → ${means || (setting.ignored ?? '?')}`)
          .join('\n') || setting.none
      );
  }
}

/** The settings whose text means something else than the operator has. */
export function changesOf(settings: readonly Setting[], operator: Operator, texts: Texts): Change[] {
  return settings.flatMap((setting) => {
    const before = textOf(setting, operator);
    const after = texts[setting.name] ?? before;
    const [from, to] = [inWords(setting, before), inWords(setting, after)];
    return from === to ? [] : [{ setting, from, to }];
  });
}

/** The body of the request that makes these changes; the API judges the values. */
export function bodyOf(changes: readonly Change[], texts: Texts): OperatorChange {
  return Object.fromEntries(
    changes.map(({ setting }): [Name, unknown] => [setting.name, valueOf(setting, texts[setting.name]!)]),
  ) as OperatorChange;
}

function valueOf(setting: Setting, text: string): unknown {
  switch (setting.kind) {
    case 'text':
      return text.trim();
    case 'whole':
      return numberOf(text);
    case 'whole or none':
      return text.trim() === '' ? null : numberOf(text);
    case 'choice':
      return text === '' ? null : text === 'true' ? true : text === 'false' ? false : text;
    case 'lines':
      return linesOf(text);
    case 'pairs':
      return Object.fromEntries(
        pairsOf(text).map(([name, means]) => [name, means === '' ? emptyOf(setting) : means]),
      );
  }
}

/** What is no whole number goes as it is, for the API to say so. */
function numberOf(text: string): number | string {
  return /^\d{1,9}$/.test(text.trim()) ? Number(text.trim()) : text;
}

function emptyOf({ ignored }: Extract<Setting, { kind: 'pairs' }>): string | null {
  return ignored === undefined ? '' : null;
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function pairsOf(text: string): (readonly [name: string, means: string])[] {
  return linesOf(text).map((line) => {
    const [name = '', ...means] = line.split('=');
    return [name.trim(), means.join('=').trim()];
  });
}
