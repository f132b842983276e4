// One alert by mail, over SMTP with TLS or STARTTLS. The password is read when it is needed and stands in no message.

import { readFileSync } from 'node:fs';
import { getCACertificates } from 'node:tls';
import { alertAttemptMsMax } from '../../limits.ts';
import type { MailSettings } from './alert-settings.ts';

export const passwordVariable = 'DREY_SMTP_PASSWORD';

function passwordOf({ passwordFile }: MailSettings): string {
  if (passwordFile === undefined) {
    const password = process.env[passwordVariable];
    if (password !== undefined) return password;
    throw new Error(`the agent has no ${passwordVariable} in its environment, and no password file is set`);
  }
  try {
    return (readFileSync(passwordFile, 'utf8').split('\n')[0] ?? '').trim();
  } catch {
    throw new Error('the file with the password of the mail server cannot be read');
  }
}

/** Node believes nothing but what is named, so the public ones are named too; undefined: those alone. */
export function believedBy({ caFile }: Pick<MailSettings, 'caFile'>): readonly string[] | undefined {
  try {
    return caFile === undefined ? undefined : [...getCACertificates(), readFileSync(caFile, 'utf8')];
  } catch {
    throw new Error('the file with certificates for the mail server cannot be read');
  }
}

/** What the library says may quote the server, and a server may quote a password: only its code and the number of the answer are told. */
function plainError(error: unknown): Error {
  const { code, responseCode, command } = error as {
    readonly code?: unknown;
    readonly responseCode?: unknown;
    readonly command?: unknown;
  };
  const answered = typeof responseCode === 'number' ? `, it answered ${responseCode}` : '';
  const at = typeof command === 'string' ? ` at ${command.split(' ')[0]}` : '';
  const why = typeof code === 'string' ? code : 'no reason known';
  return new Error(`the mail server did not take it (${why}${at}${answered})`);
}

/** Rejects with why it was not taken. */
export async function sendMail(
  settings: MailSettings,
  {
    id,
    subject,
    text,
    signal,
  }: { readonly id: string; readonly subject: string; readonly text: string; readonly signal: AbortSignal },
): Promise<void> {
  const { host, port, security, user, to, from } = settings;
  const ca = believedBy(settings);
  // 0.6 MB of code, for those who want mail.
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    connectionTimeout: alertAttemptMsMax,
    greetingTimeout: alertAttemptMsMax,
    socketTimeout: alertAttemptMsMax,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(ca === undefined ? {} : { tls: { ca: [...ca] } }),
    ...(user === undefined ? {} : { auth: { user, pass: passwordOf(settings) } }),
  });
  const slow = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('the mail server did not answer in time')), {
      once: true,
    });
  });
  const sent = transport
    .sendMail({
      from,
      to: [...to],
      subject,
      text,
      headers: { 'Auto-Submitted': 'auto-generated', 'Drey-Delivery': id },
    })
    .catch((error: unknown) => {
      throw plainError(error);
    });
  try {
    await Promise.race([sent, slow]);
  } finally {
    transport.close();
  }
}
