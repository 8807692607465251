// All workflows: the entry point of the bundle, and the set that the worker registers.
export { processConversions } from './process-conversions.ts';
export { deliverPostback } from './deliver-postback.ts';
export { drainEndpoint } from './drain-endpoint.ts';
export { replayPostbacks } from './replay-postbacks.ts';
export { actOnStuck } from './act-on-stuck.ts';
export { importEvents } from './import-events.ts';
export { runPayouts } from './run-payouts.ts';
export { settleSetAside } from './settle-set-aside.ts';
export { closePeriod } from './close-period.ts';
export { closeDuePeriods } from './close-due-periods.ts';
export { sendNotices } from './send-notices.ts';
export { releaseHolds } from './release-holds.ts';
export { sweep } from './sweep.ts';
export { rematchOrphans } from './rematch-orphans.ts';
export { rerateDeal } from './rerate-deal.ts';
export { applyAmendments } from './apply-amendments.ts';
export { purge } from './purge.ts';
