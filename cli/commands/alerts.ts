// `drey alerts`: who is told when a problem begins or ends, by webhook or mail.

import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import {
  type AlertsAnswer,
  askAgent,
  type CallAnswers,
  type CallRequest,
} from '../../agent/control/index.ts';
import { DreyError } from '../../datasets/index.ts';
import { collected, type CommonOptions, homeOf, show, withCommonOptions } from '../command.ts';
import { spanText } from '../print.ts';
import { parseSpanMs } from '../quantities.ts';
import { readSecret } from '../secret.ts';

interface SetOptions extends CommonOptions {
  readonly webhook?: string;
  readonly webhookSecretFile?: string;
  readonly mailTo?: readonly string[];
  readonly mailFrom?: string;
  readonly smtp?: string;
  readonly smtpPasswordFile?: string;
  readonly smtpCa?: string;
  readonly level?: 'warning' | 'problem';
  readonly after?: string;
}

type Change = CallRequest<'alerts'>;

function changeOf(options: SetOptions): Change {
  const { webhook, mailTo, mailFrom, smtp, smtpPasswordFile, smtpCa, level, after } = options;
  const webhookSecret = readSecret(options.webhookSecretFile);
  return {
    ...(webhook === undefined ? {} : { webhook: webhook === 'none' ? null : webhook }),
    ...(webhookSecret === undefined ? {} : { webhookSecret }),
    ...(mailTo === undefined ? {} : { mailTo: mailTo[0] === 'none' ? null : [...mailTo] }),
    ...(mailFrom === undefined ? {} : { mailFrom }),
    ...(smtp === undefined ? {} : { smtp }),
    ...(smtpPasswordFile === undefined ? {} : { passwordFile: resolve(smtpPasswordFile) }),
    ...(smtpCa === undefined ? {} : { caFile: resolve(smtpCa) }),
    ...(level === undefined ? {} : { level }),
    ...(after === undefined ? {} : { settleMs: parseSpanMs(after) }),
  };
}

const passwords = {
  none: 'no password',
  environment: 'password from DREY_SMTP_PASSWORD of the agent',
  file: 'password from a file',
} as const;

export function alertsText(answer: AlertsAnswer): string {
  const { webhook, webhookSecret, mail, level, settleMs, receivers } = answer;
  if (webhook === undefined && mail === undefined)
    return 'Nobody is told of problems. Begin with `drey alerts set --webhook URL` or `--mail-to … --smtp …`.';
  return [
    `Told: ${level === 'warning' ? 'problems and warnings' : 'problems only'}, once when one has stood for ${spanText(settleMs)} and once when it is over. What cannot be restored only because machines are off is told after 26 h: they may sleep at night.`,
    ...(webhook === undefined ? [] : [`  webhook  ${webhook}`]),
    ...(webhookSecret === undefined
      ? []
      : [`  secret   ${webhookSecret}   shown only now: the receiver checks drey-signature with it`]),
    ...(mail === undefined
      ? []
      : [
          `  mail     ${mail.to.join(', ')} by ${mail.server} (${mail.security}, ${passwords[mail.password]}), from ${mail.from}`,
        ]),
    ...receivers
      .filter(({ waiting, lost, failure }) => waiting + lost > 0 || failure !== undefined)
      .map(
        ({ channel, waiting, lost, failure }) =>
          `  ${channel}: ${waiting} wait, ${lost} were given up${failure === undefined ? '' : `; ${failure}`}`,
      ),
  ].join('\n');
}

async function change(options: SetOptions): Promise<void> {
  const answer = await askAgent({ home: homeOf(options), call: 'alerts', request: changeOf(options) });
  show(options, answer, () => alertsText(answer));
}

async function test(options: CommonOptions): Promise<void> {
  const { results } = await askAgent({ home: homeOf(options), call: 'testAlerts', request: {} });
  if (results.length > 0 || options.json === true)
    show(options, results, () =>
      results.map(({ channel, failure }) => `${channel}: ${failure ?? 'delivered'}`).join('\n'),
    );
  assertDelivered(results);
}

/** Throws `alert-nobody` or `alert-undelivered`. */
export function assertDelivered(results: CallAnswers['testAlerts']['results']): void {
  if (results.length === 0)
    throw new DreyError({
      code: 'alert-nobody',
      message: 'nobody is told of problems by this machine, so nothing was sent',
      advice: 'Begin with `drey alerts set --webhook URL` or `drey alerts set --mail-to … --smtp …`.',
    });
  const failed = results.filter(({ failure }) => failure !== undefined);
  if (failed.length > 0)
    throw new DreyError({
      code: 'alert-undelivered',
      message: `a test alert was not taken by ${failed.map(({ channel }) => channel).join(' and ')}`,
      advice: 'Look at the reason above, and at the receiver.',
    });
}

/** Adds `alerts set | show | test`. */
export function addAlertsCommands(program: Command): void {
  const alerts = program.command('alerts').description('tell people when a problem begins or ends');
  withCommonOptions(
    alerts.command('set').description('change who is told by this machine, and how'),
    'drey alerts set --mail-to it@example.org --smtp smtp://drey@mail.example.org --smtp-password-file password.txt',
  )
    .option('--webhook <url>', 'POST each alert there as signed JSON; none takes it away')
    .option('--webhook-secret-file <file>', 'secret of the signature, first line (default: one is made)')
    .option('--mail-to <address>', 'write to it; again for more; none takes mail away', collected)
    .option('--mail-from <address>', 'who the mail is from (default: the first it is to)')
    .option('--smtp <url>', 'smtps://user@host (TLS), smtp://user@host (STARTTLS) or smtp+plain://host')
    .option('--smtp-password-file <file>', 'password, first line (default: DREY_SMTP_PASSWORD of the agent)')
    .option('--smtp-ca <file>', 'certificates in PEM that are believed besides the public ones')
    .addOption(new Option('--level <level>', 'least that is told').choices(['warning', 'problem']))
    .option(
      '--after <span>',
      'a problem has to stand for so long (default 1m); what is out of reach because machines are off: 26h or more',
    )
    .action(change);
  withCommonOptions(
    alerts.command('show').description('who is told, and what waits'),
    'drey alerts show',
  ).action(change);
  withCommonOptions(
    alerts.command('test').description('send a test to everybody who is told'),
    'drey alerts test',
  ).action(test);
}
