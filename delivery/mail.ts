// Sends mail by the installation's own SMTP server. The library is loaded with the first mail, so
// that it costs nothing where there is none.
import type { Transporter } from 'nodemailer';
import { NO_MAIL_SERVER } from '../domain/delivery/channels.ts';

export type Mail = { to: string; subject: string; text: string };

/** `error`: its class. `detail`: the words of the server that refused it, if it said any. */
export type NotSent = { error: string; detail: string | null };

export type Mailer = {
  /** Null when the server took the mail, otherwise why not. Never rejects. */
  send(mail: Mail): Promise<NotSent | null>;
  /** Ends what is under way as `cancelled`. */
  close(): void;
};

/** All waits together stay below the time of an activity. */
const CONNECT_MS = 5000;
const GREETING_MS = 5000;
const SILENCE_MS = 8000;

type Settings = { url: string; from: string };

/** `settings` null: nobody set up a server. */
export function createMailer(settings: Settings | null): Mailer {
  let transport: Promise<Transporter> | null = null;
  const underWay = new Set<(result: NotSent) => void>();

  async function send({ url, from }: Settings, mail: Mail): Promise<NotSent | null> {
    transport ??= open(url);
    try {
      // Content never comes from files or addresses.
      const content = { disableFileAccess: true, disableUrlAccess: true };
      await (await transport).sendMail({ from, ...content, ...mail });
      return null;
    } catch (thrown) {
      const { code, responseCode, response } = thrown as Partial<Record<string, string | number>>;
      const error = ['smtp', code, responseCode].filter((part) => part !== undefined).join(' ');
      return { error, detail: typeof response === 'string' ? response : null };
    }
  }

  return {
    send: (mail) =>
      new Promise((resolve) => {
        if (settings === null) return resolve({ error: NO_MAIL_SERVER, detail: null });
        underWay.add(resolve);
        void send(settings, mail)
          .then(resolve)
          .finally(() => underWay.delete(resolve));
      }),
    close() {
      for (const end of underWay) end({ error: 'cancelled', detail: null });
      void transport?.then((one) => one.close());
    },
  };
}

async function open(url: string): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  return createTransport({
    url,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: GREETING_MS,
    socketTimeout: SILENCE_MS,
  });
}
