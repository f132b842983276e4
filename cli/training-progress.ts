// One redrawn line while models train: which model, how far, the loss, the time left.

import type { ReportProgress } from '../agent/control/index.ts';
import type { CommonOptions } from './command.ts';
import { sayProgress } from './print.ts';

const width = 24;

/** "██████░░░░  3/10". */
export function barText(done: number, of: number): string {
  const filled = of === 0 ? width : Math.round((width * Math.min(done, of)) / of);
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${done}/${of}`;
}

/** The `report` of a question to an agent; nothing with --json. */
export function trainingProgress(options: CommonOptions): { readonly report?: ReportProgress } {
  if (options.json === true) return {};
  return {
    report: (progress) => {
      if (progress.kind !== 'training') return;
      const { model, epoch, epochCount, loss, secondsLeft } = progress;
      const isLast = epoch >= epochCount;
      const left = isLast ? '' : `  ${Math.ceil(secondsLeft)} s left`;
      sayProgress(
        `${model.padEnd(13)} ${barText(epoch, epochCount)}  loss ${loss.toFixed(4)}${left}`,
        isLast ? 'final' : 'going',
      );
    },
  };
}
