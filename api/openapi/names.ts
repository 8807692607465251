// The schemas that stand under `components` by a name, since many operations speak of them.
import type { z } from 'zod';
import * as books from '../ledger/periods.answers.ts';
import * as errors from '../http/errors.answers.ts';
import * as events from '../events/events.answers.ts';
import * as money from '../ledger/ledger.answers.ts';
import * as postbacks from '../postbacks/postbacks.answers.ts';
import * as setup from '../setup/setup.answers.ts';
import { newDeal, newDealVersion, terms } from '../deals/deals.schema.ts';
import { endpointChange, newEndpoint } from '../postbacks/endpoints.schema.ts';
import { eventForm } from '../events/event-form.ts';

export const NAMED: Readonly<Record<string, z.ZodType>> = {
  Error: errors.error,
  Issue: errors.issue,
  NewEvent: eventForm,
  Event: events.event,
  Trace: events.trace,
  Rehearsed: events.rehearsed,
  Accepted: events.accepted,
  Duplicate: events.duplicate,
  Operator: setup.operator,
  ApiKey: setup.apiKey,
  Affiliate: setup.affiliate,
  Terms: terms,
  NewDeal: newDeal,
  NewDealVersion: newDealVersion,
  Deal: setup.deal,
  Link: setup.link,
  Click: setup.click,
  Coupon: setup.coupon,
  EventType: setup.eventType,
  NewEndpoint: newEndpoint,
  EndpointChange: endpointChange,
  Endpoint: postbacks.endpoint,
  EndpointWithSecret: postbacks.newEndpoint,
  Delivery: postbacks.delivery,
  WholeDelivery: postbacks.wholeDelivery,
  Replay: postbacks.replay,
  ReplayProgress: postbacks.replayProgress,
  Commission: money.commission,
  WholeCommission: money.wholeCommission,
  Decided: money.decided,
  Transfer: money.transfer,
  Payout: money.payout,
  PostedByHand: money.byHand,
  Period: books.period,
  Statement: books.statement,
  WholeStatement: books.wholeStatement,
};
