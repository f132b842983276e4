// Who is told of problems, and how: a small file in the agent's folder (mode 0600). Passwords of mail servers are not in it, only where they are
// read from when a mail is sent.

import { randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { DreyError, minutes } from '../../../datasets/index.ts';
import type { AlertsAnswer, CallRequest } from '../../control/index.ts';
import { problemSettleMs } from '../../limits.ts';
import { type Home, keepSettings, readJson } from '../home.ts';

const text = z.string().min(1).max(1024);

/** Who waits for longer hears of a problem when it is over. */
const settleMsMax = minutes(60);

const settingsSchema = z.strictObject({
  version: z.literal(1),
  /** Least serious level that is told. */
  level: z.enum(['warning', 'problem']),
  settleMs: z.int().min(0).max(settleMsMax),
  webhook: z.strictObject({ url: text, secret: text }).exactOptional(),
  mail: z
    .strictObject({
      to: z.array(text).min(1).max(20),
      from: text,
      host: text,
      port: z.int().min(1).max(65_535),
      /** `none` only where no password is sent. */
      security: z.enum(['tls', 'starttls', 'none']),
      user: text.exactOptional(),
      /** First line: the password. Else the agent's environment variable `DREY_SMTP_PASSWORD`. */
      passwordFile: text.exactOptional(),
      /** Certificates in PEM that are believed besides the system's. */
      caFile: text.exactOptional(),
    })
    .exactOptional(),
});

export type AlertSettings = z.output<typeof settingsSchema>;
export type MailSettings = NonNullable<AlertSettings['mail']>;
export type WebhookSettings = NonNullable<AlertSettings['webhook']>;

const nobody: AlertSettings = { version: 1, level: 'warning', settleMs: problemSettleMs };

/** Throws `home-file-damaged`. */
export const readAlertSettings = (home: Home): AlertSettings =>
  readJson(home.alertsFile, settingsSchema) ?? nobody;

/** Throws `disk-full`. */
export const writeAlertSettings = (home: Home, settings: AlertSettings): void =>
  keepSettings(home.alertsFile, settings);

const wrong = (message: string, advice: string): DreyError =>
  new DreyError({ code: 'alerts-malformed', message, advice });

/** Both as mail programs write them: "it@example.org", "Night shift <it@example.org>". */
const mailAddress =
  /^(?:[^\p{Cc}<>@,;:]*<[^\s\p{Cc}<>@,;:"()]+@[^\s\p{Cc}<>@,;"()]+>|[^\s\p{Cc}<>@,;:"()]+@[^\s\p{Cc}<>@,;"()]+)$/u;

function checkAddresses(addresses: readonly string[]): void {
  const bad = addresses.find((address) => !mailAddress.test(address));
  if (bad === undefined) return;
  throw wrong(
    `"${bad}" is no address of mail`,
    'Write one as somebody@example.org, and --mail-to again for each further one.',
  );
}

function parseUrl(given: string, protocols: readonly string[]): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url !== undefined && protocols.includes(url.protocol) && url.hostname !== '') return url;
  // What was given may hold a password or a token: it is not repeated.
  throw wrong(
    'that is not an address that alerts can be sent to',
    `Write it with one of ${protocols.map((protocol) => `${protocol}//`).join(', ')} and a host.`,
  );
}

/** Names and passwords stand in addresses with `%40` for "@". */
function decoded(given: string): string {
  try {
    return decodeURIComponent(given);
  } catch {
    throw wrong(
      'the name or password in that address has a "%" with no two digits after it',
      'Write %25 for "%", %40 for "@" and %3A for ":".',
    );
  }
}

/** Files that a mail needs are looked at while somebody is there who can name other ones. */
function checkFiles({ passwordFile, caFile }: Pick<Change, 'passwordFile' | 'caFile'>): void {
  if (passwordFile !== undefined && passwordIn(passwordFile) === '')
    throw wrong(
      'the file with the password of the mail server has an empty first line',
      'Write the password into its first line, or name another file.',
    );
  if (caFile === undefined) return;
  const pem = textOf(caFile, 'the file with certificates for the mail server');
  try {
    void new X509Certificate(pem);
  } catch {
    throw wrong(
      'the file with certificates for the mail server holds none in PEM',
      'Name one that has a line "-----BEGIN CERTIFICATE-----".',
    );
  }
}

function textOf(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw wrong(`${what} cannot be read`, 'Name one that the agent may read.');
  }
}

const passwordIn = (file: string): string =>
  (textOf(file, 'the file with the password of the mail server').split('\n')[0] ?? '').trim();

const securityOf = { 'smtps:': 'tls', 'smtp:': 'starttls', 'smtp+plain:': 'none' } as const;
const portOf = { tls: 465, starttls: 587, none: 25 } as const;

type Change = CallRequest<'alerts'>;

function mailOf(change: Change, before: MailSettings | undefined): MailSettings | undefined {
  if (change.mailTo === null) return undefined;
  const url =
    change.smtp === undefined ? undefined : parseUrl(change.smtp, ['smtps:', 'smtp:', 'smtp+plain:']);
  if (url?.password)
    throw wrong(
      'the address of the mail server has a password in it',
      'Leave it out; name a file with --smtp-password-file, or set DREY_SMTP_PASSWORD for the agent.',
    );
  const security = url === undefined ? undefined : securityOf[url.protocol as keyof typeof securityOf];
  const server =
    url === undefined || security === undefined
      ? before
      : {
          host: url.hostname.replace(/^\[(.*)\]$/u, '$1'),
          port: url.port === '' ? portOf[security] : Number(url.port),
          security,
          ...(url.username === '' ? {} : { user: decoded(url.username) }),
        };
  checkFiles(change);
  checkAddresses([...(change.mailTo ?? []), ...(change.mailFrom === undefined ? [] : [change.mailFrom])]);
  const to = change.mailTo ?? before?.to;
  if (server === undefined && to === undefined) return undefined;
  if (server === undefined || to === undefined)
    throw wrong(
      'mail needs both a server and somebody to write to',
      'Give --smtp smtp://user@mail.example.org and --mail-to somebody@example.org.',
    );
  const { passwordFile = before?.passwordFile, caFile = before?.caFile } = change;
  const mail = {
    host: server.host,
    port: server.port,
    security: server.security,
    ...(server.user === undefined ? {} : { user: server.user }),
    to: [...to],
    from: change.mailFrom ?? before?.from ?? to[0]!,
    ...(passwordFile === undefined ? {} : { passwordFile }),
    ...(caFile === undefined ? {} : { caFile }),
  };
  if (mail.security === 'none' && mail.user !== undefined)
    throw wrong(
      'a name and password would go to the mail server unencrypted',
      'Write smtps:// (TLS) or smtp:// (STARTTLS), or leave the name out.',
    );
  return mail;
}

function webhookUrl(given: string): string {
  const url = parseUrl(given, ['https:', 'http:']);
  const hasPassword = decoded(`${url.username}${url.password}`) !== '';
  if (hasPassword && url.protocol === 'http:')
    throw wrong(
      'a name and password would go to the receiver unencrypted',
      'Write https://, or leave them out: each alert is signed.',
    );
  return url.href;
}

function webhookOf({ webhook, webhookSecret }: Change, before: WebhookSettings | undefined) {
  if (webhook === null) return undefined;
  const url = webhook === undefined ? before?.url : webhookUrl(webhook);
  if (url === undefined) return undefined;
  return { url, secret: webhookSecret ?? before?.secret ?? randomBytes(24).toString('base64url') };
}

/** The settings after a change; what it does not name stays. Throws `alerts-malformed`. */
export function changeAlertSettings(before: AlertSettings, change: Change): AlertSettings {
  if ((change.settleMs ?? 0) > settleMsMax)
    throw wrong(
      'a problem cannot have to stand for longer than an hour before it is told',
      'Write --after with 0s to 60m. What is out of reach because machines are off is told after 26 hours whatever stands there.',
    );
  const webhook = webhookOf(change, before.webhook);
  const mail = mailOf(change, before.mail);
  const settings = {
    version: 1,
    level: change.level ?? before.level,
    settleMs: change.settleMs ?? before.settleMs,
    ...(webhook === undefined ? {} : { webhook }),
    ...(mail === undefined ? {} : { mail }),
  } as const;
  const checked = settingsSchema.safeParse(settings);
  if (checked.success) return checked.data;
  throw wrong(
    'these settings of alerts make no sense',
    checked.error.issues[0]?.message ?? 'Look at --help.',
  );
}

/** For people: no secret, and of a webhook's address only the host, as such addresses often are secrets themselves. */
export function shownSettings(
  settings: AlertSettings,
): Pick<AlertsAnswer, 'level' | 'settleMs' | 'webhook' | 'mail'> {
  const { level, settleMs, webhook, mail } = settings;
  return {
    level,
    settleMs,
    ...(webhook === undefined ? {} : { webhook: `${new URL(webhook.url).origin}/…` }),
    ...(mail === undefined
      ? {}
      : {
          mail: {
            to: mail.to,
            from: mail.from,
            server: `${mail.host}:${mail.port}`,
            security: mail.security,
            password:
              mail.user === undefined ? 'none' : mail.passwordFile === undefined ? 'environment' : 'file',
          },
        }),
  };
}
