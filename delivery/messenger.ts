// Sends one message to people: by mail, or to the webhook of a chat in Slack's form, under the
// guard of postbacks.
import type { ChannelKind, ChannelMessage } from '../domain/delivery/channels.ts';
import { errorClassOf } from '../domain/delivery/retry.ts';
import type { Mailer, NotSent } from './mail.ts';
import type { Sender } from './send.ts';

/** `target`: the address or the URL. */
export type MessageTarget = { kind: ChannelKind; target: string };

export type Messenger = {
  /** Null when the message was taken, otherwise why not. Never rejects. */
  send(to: MessageTarget, message: ChannelMessage): Promise<NotSent | null>;
};

type MessengerDeps = {
  sender: Sender;
  mailer: Mailer;
  /** Ends calls of chats that are under way, as `cancelled`. */
  signal?: AbortSignal;
};

export function createMessenger({ sender, mailer, signal }: MessengerDeps): Messenger {
  async function toChat(url: string, { subject, text }: ChannelMessage): Promise<NotSent | null> {
    const request = {
      url,
      method: 'POST' as const,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: escaped(`${subject}\n\n${text}`) }),
    };
    const outcome = await sender.send(request, signal && { signal });
    const error = errorClassOf(outcome);
    if (error === null) return null;
    const detail = outcome.kind === 'failed' ? outcome.detail : outcome.excerpt;
    return { error, detail: detail === '' ? null : detail };
  }

  return {
    send: ({ kind, target }, message) =>
      kind === 'mail' ? mailer.send({ to: target, ...message }) : toChat(target, message),
  };
}

/** Slack reads these three characters as markup. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
