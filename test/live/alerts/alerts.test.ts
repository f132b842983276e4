// Alerts against real receivers on loopback, with a pretend clock: what arrives, once, signed; and receivers that are down, slow or broken.

import { createHmac } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { setImmediate as turn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { DreyError, hours, minutes, unixMs } from '../../../datasets/index.ts';
import type { CallRequest } from '../../../agent/control/index.ts';
import { alertAttemptMsMax, alertSilenceMs, queuedAlertsMax } from '../../../agent/limits.ts';
import { Alerts } from '../../../agent/live/alerts/index.ts';
import { believedBy } from '../../../agent/live/alerts/mail.ts';
import { postWebhook } from '../../../agent/live/alerts/webhook.ts';
import { homeAt } from '../../../agent/live/home.ts';
import type { ProblemChange } from '../../../agent/live/problems/index.ts';
import { temporaryFolder } from '../../helpers/agents.ts';
import { PretendClock } from '../../helpers/pretend-clock.ts';
import { createCertificate, startMailServer, startWebhookReceiver } from '../../helpers/receivers.ts';

const start = unixMs(Date.UTC(2026, 10, 23, 12));

interface Trial {
  readonly alerts: Alerts;
  readonly clock: PretendClock;
  readonly folder: string;
  readonly reported: string[];
  /** Ticks until no attempt is under way. */
  readonly settle: () => Promise<void>;
}

function startTrial(t: ExecutionContext, settings: CallRequest<'alerts'>, folder?: string): Trial {
  const [clock, reported] = [new PretendClock(start), [] as string[]];
  const home = folder ?? temporaryFolder(t, 'alerts');
  const alerts = new Alerts({
    home: homeAt(home),
    clock,
    fraction: () => 0.5,
    speaker: () => ({ fleet: 'Example Works', machine: 'pc-01', peer: 'peer-1' }),
    report: (text) => reported.push(text),
  });
  alerts.change(settings);
  t.teardown(() => alerts.stop());
  const settle = async (): Promise<void> => {
    alerts.tick(clock.now());
    while (clock.timerCount > 0) await turn();
  };
  return { alerts, clock, folder: home, reported, settle };
}

const change = (word: ProblemChange['change'], about = 'drive-1'): ProblemChange => ({
  change: word,
  atMs: start,
  problem: {
    kind: 'mass-change',
    about,
    level: 'problem',
    risk: 'The files of a drive may be destroyed.',
    why: 'Most of them went away.',
    action: 'Nothing older is forgotten.',
    sinceMs: start,
  },
});

test('a webhook gets one POST for what began and one for what ended, signed over the body', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const { alerts, settle, clock } = startTrial(t, { webhook: receiver.url, webhookSecret: 'known to both' });
  alerts.tell([change('began'), change('began', 'drive-2')], clock.now());
  await settle();
  alerts.tell([change('ended')], clock.now());
  await settle();
  await settle();
  t.is(receiver.received.length, 2);
  const [first, second] = receiver.received.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  t.like(first, { version: 1, kind: 'problems', fleet: 'Example Works', machine: 'pc-01', lostCount: 0 });
  t.like((first!['changes'] as object[])[1], {
    change: 'began',
    kind: 'mass-change',
    about: 'drive-2',
    level: 'problem',
    risk: 'The files of a drive may be destroyed.',
  });
  t.like((second!['changes'] as object[])[0], { change: 'ended', about: 'drive-1' });
  for (const { headers, body } of receiver.received) {
    const expected = createHmac('sha256', 'known to both').update(body).digest('hex');
    t.is(headers['drey-signature'], `sha256=${expected}`);
    t.is(headers['drey-delivery'], (JSON.parse(body) as { id: string }).id);
    t.is(headers['content-type'], 'application/json');
  }
});

test('a receiver that answers 500 is asked again later, and then gets it once', async (t) => {
  const receiver = await startWebhookReceiver(t, (response, count) =>
    response.writeHead(count <= 2 ? 500 : 200).end('a page of errors'),
  );
  const { alerts, settle, clock, reported } = startTrial(t, { webhook: receiver.url });
  alerts.tell([change('began')], clock.now());
  await settle();
  await settle();
  t.is(receiver.received.length, 1, 'not at once again');
  t.deepEqual(alerts.change({}).receivers, [
    { channel: 'webhook', waiting: 1, lost: 0, failure: 'the receiver answered 500' },
  ]);
  for (let hour = 0; hour < 3; hour++) {
    clock.advance(hours(1));
    await settle();
  }
  t.is(receiver.received.length, 3);
  t.deepEqual(alerts.change({}).receivers, [{ channel: 'webhook', waiting: 0, lost: 0 }]);
  t.is(new Set(receiver.received.map(({ body }) => body)).size, 1, 'the same words each time');
  t.is(reported.length, 1);
});

test('a test that comes through, and another address, have what waits go out at once', async (t) => {
  const receiver = await startWebhookReceiver(t, (response, count) =>
    response.writeHead(count <= 4 ? 500 : 200).end(),
  );
  const { alerts, settle, clock } = startTrial(t, { webhook: receiver.url });
  alerts.tell([change('began')], clock.now());
  await settle();
  for (let hour = 0; hour < 2; hour++) {
    clock.advance(hours(1));
    await settle();
  }
  await alerts.test();
  await settle();
  t.is(receiver.received.length, 4, 'a test that was not taken hurries nothing');
  await alerts.test();
  await settle();
  t.deepEqual(alerts.change({}).receivers, [{ channel: 'webhook', waiting: 0, lost: 0 }]);

  const moved = startTrial(t, { webhook: 'http://127.0.0.1:9/hook' });
  moved.alerts.tell([change('began')], moved.clock.now());
  await moved.settle();
  moved.alerts.change({ webhook: receiver.url });
  await moved.settle();
  t.deepEqual(moved.alerts.change({}).receivers, [{ channel: 'webhook', waiting: 0, lost: 0 }]);
});

test('a receiver that never answers is left after the longest attempt, and the agent goes on', async (t) => {
  const receiver = await startWebhookReceiver(t, () => {});
  const { alerts, clock } = startTrial(t, { webhook: receiver.url });
  alerts.tell([change('began')], clock.now());
  alerts.tick(clock.now());
  await receiver.until(1);
  for (let count = 0; count < 100; count++) alerts.tick(clock.now());
  clock.advance(alertAttemptMsMax);
  while (alerts.change({}).receivers[0]?.failure === undefined) await turn();
  t.is(alerts.change({}).receivers[0]?.failure, 'the receiver did not answer in time');
  t.is(receiver.received.length, 1);
});

test('where nobody listens alerts wait, never more than the limit, and that is a problem of its own', async (t) => {
  const { alerts, settle, clock } = startTrial(t, { webhook: 'http://127.0.0.1:9/hook' });
  for (let count = 0; count < 3 * queuedAlertsMax; count++)
    alerts.tell([change('began', `${count}`)], clock.now());
  await settle();
  t.deepEqual(alerts.problems, []);
  clock.advance(alertSilenceMs);
  await settle();
  const [problem] = alerts.problems;
  t.like(problem, { kind: 'alerts-undelivered', about: 'webhook', sinceMs: start });
  t.like(alerts.change({}).receivers[0], { waiting: queuedAlertsMax, lost: 2 * queuedAlertsMax });
});

test('a redirect is not followed: signed words go to the address that was set', async (t) => {
  const other = await startWebhookReceiver(t);
  const receiver = await startWebhookReceiver(t, (response) =>
    response.writeHead(307, { location: other.url }).end(),
  );
  const { alerts, settle, clock } = startTrial(t, { webhook: receiver.url });
  alerts.tell([change('began')], clock.now());
  await settle();
  t.is(other.received.length, 0);
  t.is(alerts.change({}).receivers[0]?.failure, 'the receiver answered 307');
});

test('settings and what waits outlive a restart, in files that only their owner reads', async (t) => {
  const receiver = await startWebhookReceiver(t, (response, count) =>
    response.writeHead(count === 1 ? 503 : 200).end(),
  );
  const before = startTrial(t, { webhook: receiver.url, webhookSecret: 'known to both', level: 'problem' });
  before.alerts.tell([change('began')], before.clock.now());
  await before.settle();
  before.alerts.stop();
  const after = startTrial(t, {}, before.folder);
  t.is(after.alerts.change({}).level, 'problem');
  after.clock.advance(minutes(10));
  await after.settle();
  t.deepEqual(
    receiver.received.map(({ headers }) => headers['drey-delivery']),
    [receiver.received[0]!.headers['drey-delivery'], receiver.received[0]!.headers['drey-delivery']],
  );
  for (const file of ['alerts.json', 'alert-queue.json'])
    t.is(statSync(join(before.folder, file)).mode & 0o077, 0);
});

test('who wants problems only is not woken by warnings', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const { alerts, settle, clock } = startTrial(t, { webhook: receiver.url, level: 'problem' });
  const { problem, ...rest } = change('began');
  alerts.tell([{ ...rest, problem: { ...problem, level: 'warning' } }], clock.now());
  await settle();
  t.is(receiver.received.length, 0);
});

test('mail goes over STARTTLS with a password from a file', async (t) => {
  const certificate = createCertificate(t);
  if (certificate === undefined) return;
  const { key, cert, caFile } = certificate;
  const server = await startMailServer(t, { key, cert, password: 'correct horse' });
  const passwordFile = join(temporaryFolder(t, 'password'), 'password');
  writeFileSync(passwordFile, 'correct horse\nanother line\n');
  const { alerts, settle, clock, folder } = startTrial(t, {
    smtp: `smtp://drey%40works.example@127.0.0.1:${server.port}`,
    mailTo: ['it@works.example', 'night@works.example'],
    mailFrom: 'drey@works.example',
    passwordFile,
    caFile,
  });
  alerts.tell([change('began'), change('ended', 'drive-2')], clock.now());
  await settle();
  t.is(server.mails.length, 1, alerts.change({}).receivers[0]?.failure);
  const [mail] = server.mails;
  t.like(mail, {
    from: 'drey@works.example',
    to: ['it@works.example', 'night@works.example'],
    user: 'drey@works.example',
    isSecure: true,
  });
  t.regex(mail!.source, /^Subject: \[Drey\] Example Works: 1 problem began, 1 problem ended/mu);
  t.regex(mail!.source, /^Auto-Submitted: auto-generated/mu);
  t.regex(mail!.source, /The files of a drive may be destroyed\./u);
  // A machine may have several.
  t.regex(mail!.source, /^BEGAN problem mass-change of drive drive-1, since /mu);
  t.regex(mail!.source, /^ENDED mass-change of drive drive-2, /mu);
  t.false(readFileSync(join(folder, 'alerts.json'), 'utf8').includes('correct horse'));
});

test('mail goes over TLS from the first byte, and never to a server that cannot prove itself', async (t) => {
  const certificate = createCertificate(t);
  if (certificate === undefined) return;
  const { key, cert, caFile } = certificate;
  const server = await startMailServer(t, { key, cert, secure: true });
  const settings = { smtp: `smtps://127.0.0.1:${server.port}`, mailTo: ['it@works.example'] };
  const believing = startTrial(t, { ...settings, caFile });
  t.deepEqual(await believing.alerts.test(), { results: [{ channel: 'mail' }] });
  t.is(server.mails.length, 1);
  const doubting = startTrial(t, settings);
  const { results } = await doubting.alerts.test();
  t.regex(results[0]?.failure ?? '', /did not take it/u);
  t.is(server.mails.length, 1);
});

test('a server without STARTTLS gets no mail, and no password', async (t) => {
  const server = await startMailServer(t, { password: 'secret word', disabledCommands: ['STARTTLS'] });
  const passwordFile = join(temporaryFolder(t, 'password'), 'password');
  writeFileSync(passwordFile, 'secret word');
  const { alerts } = startTrial(t, {
    smtp: `smtp://drey@127.0.0.1:${server.port}`,
    mailTo: ['it@works.example'],
    passwordFile,
  });
  const { results } = await alerts.test();
  t.regex(results[0]?.failure ?? '', /ETLS/u);
  t.deepEqual(server.mails, []);
});

test('a wrong password is told by a number, never by the words of the server, which may quote it', async (t) => {
  const certificate = createCertificate(t);
  if (certificate === undefined) return;
  const { key, cert, caFile } = certificate;
  const server = await startMailServer(t, { key, cert, password: 'right' });
  const passwordFile = join(temporaryFolder(t, 'password'), 'password');
  writeFileSync(passwordFile, 'mistyped-secret');
  const { alerts } = startTrial(t, {
    smtp: `smtp://drey@127.0.0.1:${server.port}`,
    mailTo: ['it@works.example'],
    passwordFile,
    caFile,
  });
  const { results } = await alerts.test();
  t.regex(results[0]?.failure ?? '', /EAUTH.*535/u);
  t.false(JSON.stringify([results, alerts.change({})]).includes('mistyped'));
});

test('mail without encryption only where it is asked for by name, and then without a password', async (t) => {
  const server = await startMailServer(t, { disabledCommands: ['STARTTLS', 'AUTH'] });
  const { alerts } = startTrial(t, {
    smtp: `smtp+plain://127.0.0.1:${server.port}`,
    mailTo: ['it@works.example'],
  });
  t.deepEqual(await alerts.test(), { results: [{ channel: 'mail' }] });
  t.false(server.mails[0]?.isSecure);
  const refused = t.throws(() => alerts.change({ smtp: 'smtp+plain://drey@127.0.0.1' }), {
    instanceOf: DreyError,
  });
  t.is(refused.code, 'alerts-malformed');
});

test('a text that is no address of mail is refused, and those that are told stay', (t) => {
  const { alerts } = startTrial(t, {
    smtp: 'smtp+plain://127.0.0.1:2525',
    mailTo: ['it@works.example'],
    mailFrom: 'Drey <drey@works.example>',
  });
  const texts = ['it', 'it @works.example', '@works.example', 'it@', 'it@a.example, b@c.example'];
  for (const text of [...texts, 'it@works.example\r\nBcc: x@else.example']) {
    t.throws(() => alerts.change({ mailTo: [text] }), { code: 'alerts-malformed' }, text);
    t.throws(() => alerts.change({ mailFrom: text }), { code: 'alerts-malformed' }, text);
  }
  t.deepEqual(alerts.change({}).mail?.to, ['it@works.example']);
  t.is(
    alerts.change({ mailTo: ['IT night <it+night@[192.0.2.1]>'] }).mail?.from,
    'Drey <drey@works.example>',
  );
});

test('what is shown of the settings holds no secret', (t) => {
  const { alerts } = startTrial(t, {});
  const made = alerts.change({ webhook: 'https://hooks.example/services/T000/B000/token' });
  t.is(made.webhook, 'https://hooks.example/…');
  t.true((made.webhookSecret?.length ?? 0) >= 32, 'a secret that is made is shown once');
  t.false('webhookSecret' in alerts.change({}));
  t.deepEqual(alerts.change({ webhook: null }).receivers, []);
});

test('a private authority is believed besides the public ones', (t) => {
  const certificate = createCertificate(t);
  if (certificate === undefined) return;
  const believed = believedBy({ caFile: certificate.caFile });
  t.true(believed?.includes(rootCertificates[0]!));
  t.is(believed?.at(-1), readFileSync(certificate.caFile, 'utf8'));
  t.is(believedBy({}), undefined);
});

test('files for mail that are of no use are refused when they are named, not when a mail should go out', (t) => {
  const { alerts } = startTrial(t, { smtp: 'smtp://drey@mail.example', mailTo: ['it@works.example'] });
  const folder = temporaryFolder(t, 'files');
  const [missing, empty, text] = ['missing', 'empty', 'text'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(empty, '\nsecond line');
  writeFileSync(text, 'no certificate');
  for (const wrong of [
    { passwordFile: missing },
    { passwordFile: empty },
    { caFile: missing },
    { caFile: text },
  ])
    t.throws(() => alerts.change(wrong), { code: 'alerts-malformed' }, JSON.stringify(Object.keys(wrong)));
  t.is(alerts.change({ passwordFile: text }).mail?.password, 'file');
});

test('name and password in the address of a webhook go into a header, and never over a line that others read', async (t) => {
  const receiver = await startWebhookReceiver(t);
  const { host } = new URL(receiver.url);
  await postWebhook(
    { url: `http://drey%40works:p%3Aw@${host}/hook`, secret: 'known to both' },
    { body: '{}', id: 'id-1', signal: new AbortController().signal },
  );
  const expected = Buffer.from('drey@works:p:w').toString('base64');
  t.is(receiver.received[0]?.headers['authorization'], `Basic ${expected}`);
  const { alerts } = startTrial(t, {});
  t.throws(() => alerts.change({ webhook: `http://drey:secret@${host}/hook` }), { code: 'alerts-malformed' });
  t.is(alerts.change({ webhook: 'https://drey:secret@hooks.example/a' }).webhook, 'https://hooks.example/…');
});

test('a port that no program of the web may ask is named as the reason', async (t) => {
  const { alerts } = startTrial(t, { webhook: 'http://127.0.0.1:6667/hook' });
  t.regex((await alerts.test()).results[0]?.failure ?? '', /port/u);
});

test('settings that make no sense are refused, without repeating what was given', (t) => {
  const { alerts } = startTrial(t, {});
  for (const wrong of [
    { webhook: 'ftp://files.example/secret' },
    { webhook: 'not an address with secret' },
    { smtp: 'smtp://user:secret@mail.example', mailTo: ['a@b.example'] },
    { mailTo: ['a@b.example'] },
    { smtp: 'smtps://mail.example' },
    { smtp: 'smtps://secret%zz@mail.example', mailTo: ['a@b.example'] },
    { webhook: 'https://secret%zz@hooks.example' },
    { settleMs: hours(26) },
  ]) {
    const error = t.throws(() => alerts.change(wrong), { instanceOf: DreyError });
    t.is(error.code, 'alerts-malformed');
    t.notRegex(`${error.message} ${error.advice}`, /secret|expected/u);
  }
});
