// The search attributes by which ops find what is stuck, typed. A later value replaces an earlier one; null takes it away.
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';

const { KEYWORD, INT, DATETIME } = SearchAttributeType;
const keys = {
  OperatorId: defineSearchAttributeKey('OperatorId', KEYWORD),
  AffiliateId: defineSearchAttributeKey('AffiliateId', KEYWORD),
  EndpointId: defineSearchAttributeKey('EndpointId', KEYWORD),
  EventType: defineSearchAttributeKey('EventType', KEYWORD),
  DeliveryState: defineSearchAttributeKey('DeliveryState', KEYWORD),
  LastError: defineSearchAttributeKey('LastError', KEYWORD),
  Attempts: defineSearchAttributeKey('Attempts', INT),
  Held: defineSearchAttributeKey('Held', INT),
  NextAttemptAt: defineSearchAttributeKey('NextAttemptAt', DATETIME),
};

type Values = {
  [Name in 'OperatorId' | 'AffiliateId' | 'EndpointId' | 'EventType' | 'DeliveryState' | 'LastError']?: string | null;
} & { Attempts?: number | null; Held?: number | null; NextAttemptAt?: Date | null };

/** Sets what is given and leaves the rest. One history event, so callers set all that changed at once. */
export function showInLists(values: Values): void {
  const names = Object.keys(values) as (keyof Values)[];
  upsertSearchAttributes(names.map((name) => ({ key: keys[name], value: values[name] ?? null }) as never));
}
