// The top of the page: whose fleet it is, whether anything is at risk, and four figures that answer the daily questions.

import type { FleetView } from '../../agent/view.ts';
import { agoText, survivalText, timeText, zoneText } from './format.ts';
import { counted, inviteText, isAssumed, namesOf } from './section.ts';
import { element, withCode } from './tables.ts';

interface Risk {
  readonly level: 'ok' | 'warning' | 'problem';
  readonly text: string;
}

/** What is at risk at this moment, in plain words: what somebody has to act on comes before what the groups could lose. */
export function riskOf(view: FleetView): Risk {
  const groups = groupsRisk(view);
  const [first, ...rest] = view.problems.filter(({ level }) => level === 'problem');
  if (first !== undefined && groups.level !== 'problem') {
    const more = rest.length === 0 ? '' : ` ${counted(rest.length, 'more problem')} below, under Health.`;
    return { level: 'problem', text: `${first.risk} ${first.why}${more}` };
  }
  const warnings = view.problems.filter(({ kind }) => kind !== 'no-plan' && kind !== 'packs-thin').length;
  if (warnings === 0) return groups;
  const more = warnings < view.problems.length ? 'more warning' : 'warning';
  const text = `${groups.text} ${counted(warnings, more)} below, under Health.`;
  return { level: groups.level === 'ok' ? 'warning' : groups.level, text };
}

function groupsRisk(view: FleetView): Risk {
  const groupCount = view.groupsNow.length;
  const lost = view.groupsNow.filter(({ margin }) => margin < 0).length;
  const thin = view.groupsNow.filter(({ margin }) => margin === 0).length;
  if (view.plan === undefined || groupCount === 0)
    return {
      level: 'warning',
      text: `Nothing is placed yet: a fleet needs four machines and a plan before it can keep files safe.${inviteText(view)}`,
    };
  if (lost > 0)
    return {
      level: 'problem',
      text: `${lost} of ${counted(groupCount, 'group')} cannot be restored from at this moment: too many of their machines are off.`,
    };
  if (thin > 0)
    return {
      level: 'warning',
      text: `Everything can be restored now, but ${thin} of ${counted(groupCount, 'group')} could not lose one more machine.`,
    };
  return {
    level: 'ok',
    text: `Everything can be restored now, and would be after the loss of any one more machine (${counted(groupCount, 'group')}).`,
  };
}

function newestSnapshotMs({ drives }: FleetView): number | undefined {
  const times: readonly number[] = drives.flatMap(({ snapshots }) => snapshots.map(({ atMs }) => atMs));
  return times.length === 0 ? undefined : Math.max(...times);
}

/** The group with a pack that is within reach for the fewest hours; out of reach is not lost, and the words must not sound like it. */
function weakestText(view: FleetView): readonly [string, string] {
  const all = view.plan?.classes.flatMap((one) => one.groups) ?? [];
  const used = new Set(view.groupsNow.flatMap(({ group, packCount }) => (packCount > 0 ? [group] : [])));
  const groups = used.size === 0 ? all : all.filter(({ id }) => used.has(id));
  const [first, ...rest] = groups;
  if (first === undefined) return ['–', 'no groups yet'];
  if (isAssumed(view)) return ['–', 'no odds yet: nothing is known of the machines'];
  const weakest = rest.reduce(
    (worst, one) => (one.unavailability > worst.unavailability ? one : worst),
    first,
  );
  return [
    survivalText(weakest.unavailability),
    `of all hours enough machines of the weakest group, ${weakest.id}, are up to restore${whichText(used.size, all.length)}`,
  ];
}

function whichText(usedCount: number, groupCount: number): string {
  if (usedCount === 0) return '; of all groups, whether a pack is in them or not';
  if (usedCount === groupCount) return '';
  return `; of the ${counted(usedCount, 'group')} in which this machine knows a pack`;
}

function figuresOf(view: FleetView): readonly (readonly [string, string])[] {
  const upCount = view.machines.filter(({ state }) => state === 'up').length;
  const readyCount = view.groupsNow.filter(({ margin }) => margin >= 0).length;
  const newestMs = newestSnapshotMs(view);
  return [
    [`${upCount} of ${view.machines.length}`, 'machines are up'],
    [`${readyCount} of ${view.groupsNow.length}`, 'groups can restore now'],
    weakestText(view),
    [newestMs === undefined ? 'none' : agoText(view.atMs - newestMs), 'newest snapshot'],
  ];
}

function summaryOf(view: FleetView): string {
  const nameOf = namesOf(view);
  const { plan, optimizer } = view;
  const planText =
    plan === undefined
      ? 'No plan yet'
      : `Plan ${plan.epoch} of ${timeText(plan.computedMs)}, from ${plan.modelSource}`;
  const optimizerText =
    optimizer === undefined ? 'nobody is the optimizer' : `${nameOf(optimizer.peer)} is the optimizer`;
  return `${planText} · ${optimizerText} · seen from ${nameOf(view.self)} · times are those of ${zoneText(view.atMs)}`;
}

const setText = (selector: string, text: string): void => {
  const place = document.querySelector<HTMLElement>(selector);
  // A status that is set again is read out again.
  if (place !== null && place.textContent !== text) place.textContent = text;
};

/** What is said to be at risk, with its backticks. */
let said = '';

function showRisk({ level, text }: Risk): void {
  const place = document.querySelector('#risk');
  place?.setAttribute('data-level', level);
  if (said === text) return;
  said = text;
  place?.replaceChildren(...withCode(text));
}

/** In place of what is at risk, when nobody knows. */
export const showStale = (text: string): void => showRisk({ level: 'problem', text });

/** Where the view is an old one, `stale` says so in place of what is at risk. */
export function showHead(view: FleetView, stale?: string): void {
  document.title = `${view.fleetName} · Drey`;
  setText('#fleet-name', view.fleetName);
  setText('#summary', summaryOf(view));
  if (stale === undefined) showRisk(riskOf(view));
  else showStale(stale);
  document.querySelector('#figures')?.replaceChildren(
    ...figuresOf(view).map(([value, what]) => {
      const figure = element('div');
      figure.append(element('dt', what), element('dd', value));
      return figure;
    }),
  );
}
