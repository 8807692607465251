// Status of an endpoint's workflow, for its query, the search attributes and the details in the UI.
import { setCurrentDetails } from '@temporalio/workflow';
import type { Drained } from '../activities/delivery/drain.ts';
import type { EndpointAbout } from '../activities/delivery/endpoint-standing.ts';
import type { EndpointInput } from './contract.ts';
import { updateSearchAttributes } from './search-attributes.ts';
import { counted, errorText, moment } from './texts.ts';

/**
 * Answer of the status query, also shown in the UI. `about` is of the last count, at most 10 s old
 * while anything changes.
 */
export type EndpointStatus = Pick<Drained, 'condition' | 'held' | 'lastError' | 'reason'> & {
  nextTurnAt: string | null;
  sent: number;
  about: EndpointAbout | null;
};

export const EMPTY_STATUS: EndpointStatus = {
  condition: 'open',
  held: 0,
  lastError: null,
  reason: '',
  nextTurnAt: null,
  sent: 0,
  about: null,
};

const STATES = {
  open: 'draining',
  failing: 'held',
  paused: 'held',
  disabled: 'held',
  drained: 'drained',
} as const;

/** Shows a turn or a count. Without a new count the one before stays in sight. */
export function showEndpoint(of: EndpointInput, now: EndpointStatus, turn: Drained): void {
  Object.assign(now, {
    condition: turn.condition,
    held: turn.held,
    lastError: turn.lastError,
    reason: turn.reason,
    nextTurnAt: turn.waitMs === null ? null : new Date(Date.now() + turn.waitMs).toISOString(),
    about: turn.about === undefined ? now.about : turn.about,
  });
  const { about } = now;
  const isOnlyGivenUp = turn.held === 0 && turn.hasGivenUp === true;
  updateSearchAttributes({
    OperatorId: of.operatorId,
    EndpointId: of.endpointId,
    DeliveryState: isOnlyGivenUp ? 'gave_up' : STATES[turn.condition],
    LastError: turn.lastError,
    Held: turn.held,
    NextAttemptAt: now.nextTurnAt === null ? null : new Date(now.nextTurnAt),
    ...(about && {
      AffiliateId: about.affiliateId,
      AffiliateName: about.affiliateName,
      EndpointName: about.endpointName,
      EndpointHost: about.endpointHost,
      NextReason: causeOf(now, isOnlyGivenUp),
      GaveUp: about.gaveUp,
      NotTold: about.notTold.length === 0 ? null : about.notTold,
      StuckSince: about.since === null ? null : new Date(about.since),
    }),
  });
  setCurrentDetails(details(of, now, isOnlyGivenUp));
}

function causeOf(
  { condition, lastError, reason, nextTurnAt, about }: EndpointStatus,
  isOnlyGivenUp: boolean,
): string {
  if (isOnlyGivenUp) return 'nothing is tried again before a person asks for it';
  if (condition === 'failing') return `it is failing (${reason}); one postback at a time probes it`;
  if (condition === 'open' && lastError !== null) return `last ${errorText(lastError)}`;
  if (condition === 'open') return nextTurnAt === null ? 'it is being sent to' : 'the next turn is later';
  if (condition === 'drained') return 'all sent';
  return `${condition}: ${about?.stateReason ?? 'by a person'}`;
}

/** One sentence that says what ops ask at night, and what they can do. */
function details(of: EndpointInput, now: EndpointStatus, isOnlyGivenUp: boolean): string {
  const { about, held } = now;
  const gaveUp = about?.gaveUp ?? 0;
  const parts = [
    counted(held, 'postback waits', 'postbacks wait'),
    ...(gaveUp > 0 ? [`${counted(gaveUp, 'was', 'were')} given up`] : []),
    ...(about && about.notTold.length > 0 ? [`${about.notTold.join(' and ')} not told`] : []),
    ...(about?.since ? [`since ${moment(about.since)}`] : []),
  ];
  const cause = causeOf(now, isOnlyGivenUp);
  const lines = [`**${about?.text ?? of.endpointId}**: ${parts.join(', ')}: ${cause}.`];
  const nextTurn = now.nextTurnAt === null ? '' : `Next turn: ${moment(Date.parse(now.nextTurnAt))}. `;
  const resume = now.nextTurnAt === null ? 'Send `resume` to go on.' : 'Send `resume` to try now.';
  if (held > 0) lines.push(`${nextTurn}${resume} \`pause\` keeps everything in the queue.`);
  if (gaveUp > 0)
    lines.push(
      'What was given up is sent again by `POST /v1/replays` or a retry. ' +
        'Send `acknowledge` when it has been seen and is not to be sent.',
    );
  if (held === 0 && gaveUp === 0) lines.push('All sent.');
  return lines.join('\n\n');
}
