// Section "Health and events": what needs somebody, what this agent is doing, and what happened.

import type { FleetView } from '../../agent/view.ts';
import { bytesText, timeText } from './format.ts';
import { number, type Section, sentences, title, words } from './section.ts';
import { type Cell, element, table } from './tables.ts';

function workTable({ work, telemetryRows }: FleetView): HTMLElement {
  const rows: readonly (readonly [string, string])[] = [
    ['shards held for others', `${work.heldShards} (${bytesText(work.heldBytes)})`],
    ['copies of popular packs', `${work.copies} (${bytesText(work.copyBytes)})`],
    ['shards of them that others fetched', String(work.servedCopyShards)],
    ['own packs waiting for receipts', String(work.outboxPacks)],
    ['shards to send', String(work.shardsToSend)],
    ['shards to rebuild', String(work.shardsToRebuild)],
    ['shards kept for others', String(work.shardsToRemove)],
    ['own shards read since it started', String(work.readShards)],
    ['shards found damaged, fetched again', String(work.rottenShards)],
    ['all shards read once', work.allReadMs === undefined ? 'not yet' : timeText(work.allReadMs)],
    ['sent since it started', bytesText(work.sentBytes)],
    ['received since it started', bytesText(work.receivedBytes)],
    ['telemetry rows kept', String(telemetryRows)],
  ];
  return table({
    key: 'work',
    caption: 'Work of this agent',
    head: ['what', number('how much')],
    rows: rows.map(([what, much]): Cell[] => [what, number(much)]),
  });
}

export const healthSection: Section = (view) => {
  const problems = view.problems.map(({ kind, level, risk, why, action, advice, sinceMs }): Cell[] => [
    { text: level, kind: 'level' },
    sentences(risk),
    sentences(why),
    sentences(`${action} ${advice ?? ''}`.trim()),
    number(timeText(sinceMs), sinceMs),
    kind,
  ]);
  const events = view.events
    .toReversed()
    .map((line): Cell[] => [
      number(timeText(line.atMs), line.atMs),
      { text: line.level, kind: 'level' },
      sentences(line.text),
    ]);
  const found =
    problems.length === 0
      ? element('p', 'Nothing is wrong or at risk as far as this machine knows.', { class: 'note' })
      : table({
          key: 'problems',
          caption: 'Problems',
          head: [
            'level',
            words('what is at risk'),
            words('why'),
            words('what is being done'),
            number('since'),
            'kind',
          ],
          rows: problems,
        });
  const columns = element('div', '', { class: 'columns' });
  columns.append(
    events.length === 0
      ? element('p', 'Nothing has happened yet.', { class: 'note' })
      : table({
          key: 'events',
          caption: 'Events, newest first',
          head: [number('when'), 'level', words('what happened')],
          rows: events,
        }),
    workTable(view),
  );
  const needing = problems.length;
  return [
    ...title(
      'health',
      'Health and events',
      needing === 0
        ? 'Nothing needs attention.'
        : `${needing} ${needing === 1 ? 'thing needs' : 'things need'} attention.`,
    ),
    found,
    columns,
  ];
};
