// A real SMTP server that keeps what it is sent, and refuses recipients of `refused.example`.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export type Mail = { from: string; to: string[]; text: string };

export type MailServer = { url: string; mails: Mail[]; close(): Promise<void> };

export async function startMailServer(): Promise<MailServer> {
  const mails: Mail[] = [];
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo({ address }, _session, done) {
      const refusal = Object.assign(new Error('no such user here'), { responseCode: 550 });
      done(address.endsWith('@refused.example') ? refusal : undefined);
    },
    onData(stream, { envelope }, done) {
      let text = '';
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = envelope;
        const to = rcptTo.map(({ address }) => address);
        // Long lines of a mail are broken; nothing else of these texts is encoded.
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to,
          text: text.replaceAll('=\r\n', ''),
        });
        done();
      });
    },
  });
  const server = smtp.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mails,
    close: () => new Promise<void>((resolve) => smtp.close(() => resolve())),
  };
}
