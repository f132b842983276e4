// What every section of the page uses: its heading, cells, names and domains of machines.

import type { FleetView, MachineView } from '../../agent/view.ts';
import { type Cell, element, prose } from './tables.ts';

export type Section = (view: FleetView) => readonly HTMLElement[];

/** A right-aligned cell; `order` sorts it where its text does not. */
export const number = (text: string, order = Number.parseFloat(text)): Cell => ({
  text,
  kind: 'number',
  order: Number.isNaN(order) ? -1 : order,
});

/** A cell of several names or words, which may break over lines. */
export const words = (text: string): Cell => ({ text, kind: 'words' });

/** A cell of sentences, with commands between backticks. */
export const sentences = (text: string): Cell => ({ text, kind: 'prose' });

export const title = (id: string, text: string, note: string): HTMLElement[] => [
  element('h2', text, { id: `${id}-title` }),
  prose('p', note, { class: 'note' }),
];

const inOrder = new Intl.Collator(undefined, { numeric: true });

export const domainsOf = (view: FleetView): readonly string[] =>
  [...new Set(Object.values(view.plan?.domains ?? {}))].toSorted(inOrder.compare);

/** "pc-01", or "pc-01 (k3jf92ab)" where several machines are called so. */
export const shownName = ({ name, shortId }: MachineView): string =>
  shortId === undefined ? name : `${name} (${shortId})`;

/** Names of machines; the end of the id where a name is not known. */
export function namesOf(view: FleetView): (peer: string) => string {
  const names = new Map<string, string>(view.machines.map((machine) => [machine.peer, shownName(machine)]));
  return (peer) => names.get(peer) ?? peer.slice(-8);
}

/** Whether a plan was made before anything was known: every machine is taken to be up as often as every other, and odds are no more than that. */
export function isAssumed({ plan }: FleetView): boolean {
  const up = new Set(
    plan?.classes.flatMap(({ groups }) =>
      groups.flatMap(({ reasons }) => reasons.map(({ availability }) => availability.toFixed(9))),
    ),
  );
  return up.size === 1;
}

/** Machines of one domain side by side, those that stand alone last. */
export const byDomain = (machines: readonly MachineView[]): readonly MachineView[] =>
  machines.toSorted(
    (a, b) =>
      inOrder.compare(a.domain ?? '~', b.domain ?? '~') || inOrder.compare(shownName(a), shownName(b)),
  );

/** What a fleet of fewer machines than a plan takes is told; empty where there are enough. */
export const inviteText = ({ machines }: FleetView): string =>
  machines.filter(({ state }) => state !== 'revoked').length < 4
    ? ' An admin asks more machines in with `drey fleet invite`.'
    : '';

/** "1 machine", "3 machines". */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;
