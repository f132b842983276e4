// Receivers of alerts on loopback: an HTTP server that answers as it is told, and real mail servers that speak SMTP, with TLS where asked.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ExecutionContext } from 'ava';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { temporaryFolder } from './agents.ts';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface WebhookReceiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** Resolves with the received ones when there are so many. */
  readonly until: (count: number) => Promise<readonly Received[]>;
}

/** Answers 204 unless `answer` says otherwise. */
export async function startWebhookReceiver(
  t: ExecutionContext,
  answer: (response: ServerResponse, count: number) => void = (response) => response.writeHead(204).end(),
): Promise<WebhookReceiver> {
  const received: Received[] = [];
  const waiting: (() => void)[] = [];
  const server = createServer((request, response) => {
    void take(request, response);
  });
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    received.push({ headers: request.headers, body: await text(request) });
    answer(response, received.length);
    for (const look of waiting) look();
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook?token=of-the-receiver`,
    received,
    until: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (received.length >= count) resolve(received);
        };
        waiting.push(look);
        look();
      }),
  };
}

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | undefined;
  readonly isSecure: boolean;
  readonly source: string;
}

export interface MailServer {
  readonly port: number;
  readonly mails: readonly Mail[];
}

/** A real SMTP server; it takes mail for one password of one user, where it asks for any. */
export async function startMailServer(
  t: ExecutionContext,
  options: SMTPServerOptions & { readonly password?: string },
): Promise<MailServer> {
  const mails: Mail[] = [];
  const { password, ...rest } = options;
  const server = new SMTPServer({
    disableReverseLookup: true,
    ...(password === undefined ? { authOptional: true } : {}),
    onAuth: ({ username, password: given }, _session, done) => {
      if (given === password) done(null, { user: username ?? '' });
      else done(new Error(`the password ${given} is wrong`));
    },
    onData: (stream, { envelope, user, secure }, done) => {
      let source = '';
      stream.on('data', (part: Buffer) => (source += part.toString()));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = envelope;
        mails.push({
          from: mailFrom === false ? '' : (mailFrom?.address ?? ''),
          to: rcptTo.map(({ address }) => address),
          user: typeof user === 'string' ? user : undefined,
          isSecure: secure,
          source,
        });
        done();
      });
    },
    ...rest,
  });
  // What goes wrong in a conversation is the client's to tell.
  server.on('error', () => {});
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', () => resolve()));
  t.teardown(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: (server.server.address() as AddressInfo).port, mails };
}

export interface TestCertificate {
  readonly key: string;
  readonly cert: string;
  readonly caFile: string;
}

/** A fresh certificate of 127.0.0.1; without openssl undefined, and the test says that it is skipped. */
export function createCertificate(t: ExecutionContext): TestCertificate | undefined {
  const folder = temporaryFolder(t, 'certificate');
  const [keyFile, caFile] = [join(folder, 'key.pem'), join(folder, 'ca.pem')];
  try {
    const request =
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=mail.test -addext subjectAltName=IP:127.0.0.1';
    execFileSync('openssl', [...request.split(' '), '-keyout', keyFile, '-out', caFile], {
      stdio: 'ignore',
    });
  } catch {
    t.log('skipped: there is no openssl to make a certificate with');
    t.pass();
    return undefined;
  }
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(caFile, 'utf8'), caFile };
}
