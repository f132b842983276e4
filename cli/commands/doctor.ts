// `drey doctor`: looks at this machine and says what works, what does not and what to do; `--dial` tries an agent.

import type { Command } from 'commander';
import { DreyError } from '../../datasets/index.ts';
import { homeOf, show, withCommonOptions, type CommonOptions } from '../command.ts';

const marks = { ok: 'ok ', warning: '!  ', problem: '!! ' } as const;

async function doctor(options: CommonOptions & { readonly dial?: string }): Promise<void> {
  const { examine } = await import('../../agent/live/index.ts');
  const findings = await examine({
    home: homeOf(options),
    ...(options.dial === undefined ? {} : { dial: options.dial }),
  });
  show(options, findings, () =>
    findings
      .map(
        (line) =>
          `${marks[line.level]} ${line.subject}: ${line.text}${line.advice === undefined ? '' : `\n      ${line.advice}`}`,
      )
      .join('\n'),
  );
  const problems = findings.filter((line) => line.level === 'problem').length;
  if (problems > 0) {
    throw new DreyError({
      code: 'doctor-found-problems',
      message: problems === 1 ? 'one thing needs attention' : `${problems} things need attention`,
      advice: 'Follow the advice beside each.',
    });
  }
}

/** Adds `doctor`. */
export function addDoctorCommand(program: Command): void {
  withCommonOptions(
    program.command('doctor').description('check this machine, its agent and the models'),
    'drey doctor --dial /ip4/192.0.2.7/tcp/4001',
  )
    .option('--dial <multiaddr>', 'try to reach an agent and report what it answers')
    .action(doctor);
}
