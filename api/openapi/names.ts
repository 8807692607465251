// The schemas that stand under `components` by a name, since many operations speak of them.
import type { z } from 'zod';
import * as books from '../answers/books.ts';
import * as errors from '../answers/errors.ts';
import * as events from '../answers/events.ts';
import * as money from '../answers/money.ts';
import * as postbacks from '../answers/postbacks.ts';
import * as setup from '../answers/setup.ts';
import { newDeal, newDealVersion, terms } from '../schemas/deals.ts';
import { endpointChange, newEndpoint } from '../schemas/endpoints.ts';
import { eventForm } from '../schemas/event-form.ts';

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
