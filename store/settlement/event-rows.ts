// Rows of loaded events, as the events, clicks, bindings and outcomes that settlement reads.
import type { KnownOutcome } from '../../domain/settlement/outcomes.ts';
import type { SettledConversion } from '../../domain/settlement/rate-again.ts';
import type { ReportedAmount } from '../../domain/settlement/reported-amounts.ts';
import type { Binding, Click, ConversionEvent, Subs } from '../../domain/types.ts';
import { reassignmentFrom, type StoredMove } from './moves.ts';

/** A loaded event, with its reported amounts so far and the deal version that rated it. */
export type LoadedEvent = SettledConversion & { reported: ReportedAmount | null };

/** The five sub ids of an affiliate as columns: parsing an array would cost time in every row. */
type SubColumns<Prefix extends string> = Record<`${Prefix}${1 | 2 | 3 | 4 | 5}`, string | null>;

type Marks = SubColumns<'sub'> & SubColumns<'boundSub'> & SubColumns<'clickSub'>;

/** A row of `loadEvents`; times are milliseconds since 1970. */
export type LoadedEventRow = Marks &
  Omit<ConversionEvent, 'key' | 'isCustomerOfClick' | 'subs' | 'operatorId'> & {
    keyKind: ConversionEvent['key']['kind'];
    key: string;
    isCustomerOfClick: boolean;
    isVoided: boolean;
    isRejected: boolean;
    status: KnownOutcome['status'] | null;
    reason: string | null;
    affiliateId: string | null;
    dealId: string | null;
    dealVersion: number | null;
    /** The amount reported so far; `operatorPayoutMinor` is the payout that the operator sent. */
    reportedMinor: bigint | null;
    reportedCurrency: string | null;
    boundAffiliateId: string | null;
    boundBy: string;
    boundClickId: string | null;
    boundLinkId: string | null;
    boundClickedAt: number | null;
    boundSince: number;
    boundOccurredAt: number;
    boundExternalId: string | null;
    boundClosedAt: number | null;
    clickAffiliateId: string | null;
    clickLinkId: string | null;
    clickedAt: number;
    clickExternalId: string | null;
    clickClosedAt: number | null;
    /** Null for a customer who was never moved to another affiliate. */
    moves: StoredMove[] | null;
  };

/** The loaded event of a row. */
export function loadedFrom(row: LoadedEventRow, operatorId: string): LoadedEvent {
  const loaded: LoadedEvent = {
    event: eventFrom(row, operatorId),
    isVoided: row.isVoided,
    isRejected: row.isRejected,
    outcome:
      row.status === null ? null : { status: row.status, reason: row.reason, affiliateId: row.affiliateId },
    click: clickFrom(row),
    binding: bindingFrom(row),
    reported:
      row.reportedMinor === null ? null : { amountMinor: row.reportedMinor, currency: row.reportedCurrency! },
    ratedBy: row.dealId === null ? null : { dealId: row.dealId, version: row.dealVersion! },
  };
  if (row.moves !== null) loaded.reassignments = row.moves.map(reassignmentFrom);
  if (row.isCustomerOfClick && row.customerId !== null) loaded.event.isCustomerOfClick = true;
  return loaded;
}

function eventFrom(row: LoadedEventRow, operatorId: string): ConversionEvent {
  return {
    operatorId,
    id: row.id,
    type: row.type,
    key: { kind: row.keyKind, value: row.key },
    transactionId: row.transactionId,
    clickId: row.clickId,
    customerId: row.customerId,
    amountMinor: row.amountMinor,
    currency: row.currency,
    volumeE4: row.volumeE4,
    symbol: row.symbol,
    symbolGroup: row.symbolGroup,
    reference: row.reference,
    referenceType: row.referenceType,
    operatorPayoutMinor: row.operatorPayoutMinor,
    operatorPayoutCurrency: row.operatorPayoutCurrency,
    subs: [row.sub1, row.sub2, row.sub3, row.sub4, row.sub5],
    coupon: row.coupon,
    occurredAt: row.occurredAt,
    receivedAt: row.receivedAt,
  };
}

function clickFrom(row: LoadedEventRow): Click | null {
  if (row.clickAffiliateId === null || row.clickId === null) return null;
  return {
    id: row.clickId,
    affiliateId: row.clickAffiliateId,
    linkId: row.clickLinkId,
    subs: [row.clickSub1, row.clickSub2, row.clickSub3, row.clickSub4, row.clickSub5],
    clickedAt: row.clickedAt,
    affiliateExternalId: row.clickExternalId,
    affiliateClosedAt: row.clickClosedAt,
  };
}

function bindingFrom(row: LoadedEventRow): Binding | null {
  if (row.boundAffiliateId === null) return null;
  const {
    boundAffiliateId: affiliateId,
    boundClickId: id,
    boundLinkId: linkId,
    boundClickedAt: clickedAt,
  } = row;
  const subs: Subs = [row.boundSub1, row.boundSub2, row.boundSub3, row.boundSub4, row.boundSub5];
  const click = id === null || clickedAt === null ? null : { id, affiliateId, linkId, subs, clickedAt };
  return {
    customerId: row.customerId!,
    affiliateId,
    eventId: row.boundBy,
    occurredAt: row.boundOccurredAt,
    click,
    since: row.boundSince,
    affiliateExternalId: row.boundExternalId,
    affiliateClosedAt: row.boundClosedAt,
  };
}
