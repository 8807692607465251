// Typed search attributes, by which operators of the system find stuck work. A later value replaces
// an earlier one; null removes it.
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import { SEARCH_ATTRIBUTES } from './contract.ts';

type Names = typeof SEARCH_ATTRIBUTES;
type Values = { [Name in Names['keyword'][number]]?: string | null } & {
  [Name in Names['keywordList'][number]]?: string[] | null;
} & {
  [Name in Names['int'][number]]?: number | null;
} & {
  [Name in Names['datetime'][number]]?: Date | null;
};

const { KEYWORD, KEYWORD_LIST, INT, DATETIME } = SearchAttributeType;
const keys = Object.fromEntries([
  ...SEARCH_ATTRIBUTES.keyword.map((name) => [name, defineSearchAttributeKey(name, KEYWORD)]),
  ...SEARCH_ATTRIBUTES.keywordList.map((name) => [name, defineSearchAttributeKey(name, KEYWORD_LIST)]),
  ...SEARCH_ATTRIBUTES.int.map((name) => [name, defineSearchAttributeKey(name, INT)]),
  ...SEARCH_ATTRIBUTES.datetime.map((name) => [name, defineSearchAttributeKey(name, DATETIME)]),
]);

/**
 * Sets the given attributes and leaves the others. Each call is one history event, so callers set
 * all changes at once.
 */
export function updateSearchAttributes(values: Values): void {
  const names = Object.keys(values) as (keyof Values)[];
  upsertSearchAttributes(names.map((name) => ({ key: keys[name], value: fitting(values[name]) }) as never));
}

/** Temporal on SQL refuses a longer text. */
const LONGEST = 255;

function fitting(value: Values[keyof Values]): Values[keyof Values] {
  return typeof value === 'string' ? value.slice(0, LONGEST) : (value ?? null);
}
