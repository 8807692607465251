// Settles events in the order they occurred: attribution, commission, postings and messages to
// affiliates. Pure: changes only the batch ledger, which the caller loaded and writes afterwards.
import { attribute, type Attribution } from '../attribution/attribution.ts';
import { type Binding, isConversion } from '../types.ts';
import { isReversalInForce, notSettled, type Batch, type Settlement } from './batch.ts';
import type { BatchLedger } from './batch-ledger.ts';
import type { Known } from './apply-reversals.ts';
import type { Loaded, Outcome } from './outcomes.ts';
import type { OperatorRules } from './rating.ts';
import { settleConversion } from './settle-conversion.ts';
import { settleReversal } from './settle-reversal.ts';

/**
 * A rule failed for one event. Only this event is set aside; the others of its batch are settled.
 */
export class RuleError extends Error {
  readonly eventId: string;
  constructor(eventId: string, cause: unknown) {
    super(`settling ${eventId}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.eventId = eventId;
  }
}

/**
 * Attributes events in order. A customer whom an event binds is bound for the later events of the
 * same batch, also one whom a later event had bound before.
 */
export function attributeAll(operator: OperatorRules, ordered: readonly Loaded[]): Map<string, Attribution> {
  const bound = new Map<string, Binding>();
  const attributions = new Map<string, Attribution>();
  for (const loaded of ordered) {
    const { event, isVoided } = loaded;
    if (isVoided) {
      attributions.set(event.id, { kind: 'orphaned', reason: 'no_evidence' });
      continue;
    }
    const now = event.customerId === null ? undefined : bound.get(event.customerId);
    const binding = now ?? loaded.binding;
    const attribution = attribute(event, { ...loaded, binding }, operator.clickWindowDays);
    if (isConversion(event.type) && attribution.kind === 'attributed' && attribution.binds) {
      bound.set(attribution.binds.customerId, attribution.binds);
    }
    attributions.set(event.id, attribution);
  }
  return attributions;
}

/**
 * Bindings by events that are set aside because a rule failed or PostgreSQL refused their rows: the
 * customer is the affiliate's all the same, so that no later event takes the customer over.
 */
export function bindingsOf(
  aside: readonly Loaded[],
  attributions: ReadonlyMap<string, Attribution>,
): Binding[] {
  return aside.flatMap(({ event }) => {
    const attribution = attributions.get(event.id);
    if (!isConversion(event.type) || attribution?.kind !== 'attributed') return [];
    return attribution.binds === null ? [] : [attribution.binds];
  });
}

/**
 * Settles the ordered events of a batch in its ledger.
 * Throws a RuleError for the event whose rule failed. The ledger is then inconsistent and must be
 * loaded again.
 */
export function settleAll(batch: Batch, books: BatchLedger): Settlement {
  // Reversals of the batch that waited count for the others, as they do in any other batch.
  const known = knownOf([...batch.others, ...batch.ordered.filter(({ isVoided }) => !isVoided)]);
  const all: Settlement = { outcomes: [], bindings: [...(batch.boundAside ?? [])], messages: [] };
  for (const loaded of batch.ordered) {
    try {
      if (loaded.isVoided) {
        all.outcomes.push(...notSettled(loaded.event, 'voided', null).outcomes);
        continue;
      }
      const waiting = known.reversals.find(({ event }) => event.id === loaded.event.id);
      // Settled by its conversion, or a win by its chargeback, which came earlier in the batch.
      if (waiting?.outcome?.status === 'settled') continue;
      if (waiting) known.reversals = known.reversals.filter((one) => one !== waiting);
      const attribution = batch.attributions.get(loaded.event.id)!;
      const isOne = isConversion(loaded.event.type);
      const settle = isOne ? settleConversion : settleReversal;
      const one = settle(batch, books, loaded, attribution, known);
      all.outcomes.push(...one.outcomes);
      all.bindings.push(...one.bindings);
      all.messages.push(...one.messages);
      const click = isOne && attribution.kind === 'attributed' ? attribution.click : loaded.click;
      note(known, loaded, click, one.outcomes);
    } catch (error) {
      throw new RuleError(loaded.event.id, error);
    }
  }
  return all;
}

/** Settled conversions and reversals in force among these events. */
export function knownOf(others: readonly Loaded[]): Known {
  return {
    conversions: others.filter(
      ({ event, outcome }) => isConversion(event.type) && outcome?.status === 'settled',
    ),
    reversals: others.filter((other) => !isConversion(other.event.type) && isReversalInForce(other)),
  };
}

/** Adds a settled event to those that are known; its settling may have ended the wait of others. */
function note(known: Known, loaded: Loaded, click: Loaded['click'], outcomes: readonly Outcome[]): void {
  const [own, ...waited] = outcomes;
  for (const outcome of waited) {
    const at = known.reversals.findIndex(({ event }) => event.id === outcome.eventId);
    known.reversals[at] = { ...known.reversals[at]!, outcome };
  }
  if (waited.length > 0) known.reversals = known.reversals.filter(isReversalInForce);
  const now = { ...loaded, click, outcome: own! };
  if (!isConversion(loaded.event.type)) {
    if (isReversalInForce(now)) known.reversals.push(now);
  } else if (own!.status === 'settled') known.conversions.push(now);
}
