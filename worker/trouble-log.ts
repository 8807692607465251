// Logs attempts that did not deliver and events that were set aside, by ids, for whoever asks what
// became of them.
import type { OnRecorded } from '../activities/delivery/attempt.ts';
import type { OnSetAside } from '../activities/settlement/settle.ts';
import type { Logger } from '../log.ts';

/** `aboutId`: the event, payout or endpoint that the postback is about. */
export function createAttemptLog(log: Pick<Logger, 'info' | 'warn'>): OnRecorded {
  return ({ operatorId, id, endpointId, aboutId, type }, record) => {
    const { next, number, cause, errorClass, durationMs, nextReason } = record;
    if (next.state === 'delivered') return;
    const isLost = next.state === 'gave_up';
    log[isLost ? 'warn' : 'info'](
      {
        operatorId,
        deliveryId: id,
        endpointId,
        aboutId,
        type,
        attempt: number,
        cause,
        error: errorClass,
        ms: durationMs,
        next: next.state,
        nextAttemptAt: next.nextAttemptAt ?? undefined,
        reason: nextReason ?? undefined,
      },
      isLost ? 'a postback was given up' : 'an attempt failed',
    );
  };
}

/** More of one reason at once are told by their number. */
const EVENTS_AT_MOST = 20;

export function createSetAsideLog(log: Pick<Logger, 'warn'>): OnSetAside {
  return (operatorId, events) => {
    for (const reason of new Set(events.map((event) => event.reason))) {
      const ids = events.filter((event) => event.reason === reason).map(({ eventId }) => eventId);
      const line = { operatorId, reason, count: ids.length, eventIds: ids.slice(0, EVENTS_AT_MOST) };
      log.warn(line, 'events were set aside');
    }
  };
}
