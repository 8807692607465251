// Sends mail by the installation's own SMTP server. The library is loaded with the first mail, so
// that it costs nothing where there is none.
import type { Transporter } from 'nodemailer';

export type Mail = { to: string; subject: string; text: string };

export type Mailer = {
  /** Null when the server took the mail, otherwise why not. Never rejects. */
  send(mail: Mail): Promise<string | null>;
  close(): void;
};

/** All waits together stay below the time of an activity. */
const CONNECT_MS = 5000;
const GREETING_MS = 5000;
const SILENCE_MS = 8000;

/** `settings` null: nobody set up a server. */
export function createMailer(settings: { url: string; from: string } | null): Mailer {
  let transport: Promise<Transporter> | null = null;
  return {
    async send(mail) {
      if (settings === null) return 'SMTP_URL is not set';
      transport ??= open(settings.url);
      try {
        // Content never comes from files or addresses.
        const content = { disableFileAccess: true, disableUrlAccess: true };
        await (await transport).sendMail({ from: settings.from, ...content, ...mail });
        return null;
      } catch (error) {
        const { code, responseCode } = error as { code?: string; responseCode?: number };
        return ['smtp', code, responseCode].filter((part) => part !== undefined).join(' ');
      }
    },
    close: () => void transport?.then((one) => one.close()),
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
