// The search attributes by which ops find what is stuck, typed. A later value replaces an earlier one; null takes it away.
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import { SEARCH_ATTRIBUTES } from './contract.ts';

type Names = typeof SEARCH_ATTRIBUTES;
type Values = { [Name in Names['keyword'][number]]?: string | null } & {
  [Name in Names['int'][number]]?: number | null;
} & {
  [Name in Names['datetime'][number]]?: Date | null;
};

const { KEYWORD, INT, DATETIME } = SearchAttributeType;
const keys = Object.fromEntries([
  ...SEARCH_ATTRIBUTES.keyword.map((name) => [name, defineSearchAttributeKey(name, KEYWORD)]),
  ...SEARCH_ATTRIBUTES.int.map((name) => [name, defineSearchAttributeKey(name, INT)]),
  ...SEARCH_ATTRIBUTES.datetime.map((name) => [name, defineSearchAttributeKey(name, DATETIME)]),
]);

/** Sets what is given and leaves the rest. One history event, so callers set all that changed at once. */
export function showInLists(values: Values): void {
  const names = Object.keys(values) as (keyof Values)[];
  upsertSearchAttributes(names.map((name) => ({ key: keys[name], value: values[name] ?? null }) as never));
}
