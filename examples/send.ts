// Sends the story as an operator's backend would: mostly in batches, some events alone, several
// requests at a time, and some requests twice, like a caller that lost the answer.
import type { Client } from './client.ts';
import { inParallel } from './setup.ts';
import { eventKey, type StoryEvent } from './story.ts';

export interface Sent {
  /** The API's event ids by `eventKey`. */
  ids: Map<string, string>;
  accepted: number;
  duplicates: number;
  requests: number;
}

interface Result {
  id?: string;
  status: string;
}

const EVENTS_PER_BATCH = 200;
const SINGLES_AFTER_A_BATCH = 10;
const CALLERS = 8;
/** One request in so many is repeated on purpose. */
const REPEAT_EVERY = 15;

/**
 * Sends every event until each has an id. Throws when an event is refused, or gets another id the
 * second time.
 */
export async function sendAll(client: Client, events: readonly StoryEvent[]): Promise<Sent> {
  const sent: Sent = { ids: new Map(), accepted: 0, duplicates: 0, requests: 0 };
  await inParallel(requestsOf(events), CALLERS, async (group) => {
    sent.requests += 1;
    const times = sent.requests % REPEAT_EVERY === 0 ? 2 : 1;
    for (let time = 0; time < times; time += 1) note(sent, group, await sendGroup(client, group));
  });
  return sent;
}

function requestsOf(events: readonly StoryEvent[]): StoryEvent[][] {
  const groups: StoryEvent[][] = [];
  for (let at = 0; at < events.length;) {
    const size = groups.length % (SINGLES_AFTER_A_BATCH + 1) === 0 ? EVENTS_PER_BATCH : 1;
    groups.push(events.slice(at, at + size));
    at += size;
  }
  return groups;
}

async function sendGroup(client: Client, group: StoryEvent[]): Promise<Result[]> {
  if (group.length === 1) return [await client.request<Result>('POST', '/v1/events', group[0])];
  const { results } = await client.request<{ results: Result[] }>('POST', '/v1/events/batch', {
    events: group,
  });
  return results;
}

function note(sent: Sent, group: StoryEvent[], results: Result[]): void {
  for (const [index, event] of group.entries()) {
    const { id, status } = results[index] ?? { status: 'without an answer' };
    const key = eventKey(event);
    if (id === undefined || (status !== 'accepted' && status !== 'duplicate')) {
      throw new Error(`${key} was ${status}: ${JSON.stringify(results[index])}`);
    }
    const known = sent.ids.get(key);
    if (known !== undefined && known !== id)
      throw new Error(`${key} was counted twice, as ${known} and as ${id}`);
    sent.ids.set(key, id);
    if (status === 'accepted') sent.accepted += 1;
    else sent.duplicates += 1;
  }
}
