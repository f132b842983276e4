// The page: takes views from the agent's live updates and draws its sections. It asks for nothing but what is shown.

import type { FleetView } from '../../agent/view.ts';
import { dropCharts, fitPaper, usePaper, useScheme } from './charts.ts';
import { drivesSection } from './drives.ts';
import { fleetSection } from './fleet.ts';
import { timeText } from './format.ts';
import { showHead, showStale } from './head.ts';
import { healthSection } from './health.ts';
import { modelsSection } from './models.ts';
import { columnsInSight, placementSection } from './placement.ts';
import { reasonsSection } from './reasons.ts';
import { type Section, shownName } from './section.ts';
import { survivalSection } from './survival.ts';
import { replaceContent } from './tables.ts';

const sections: Readonly<Record<string, Section>> = {
  fleet: fleetSection,
  placement: placementSection,
  survival: survivalSection,
  models: modelsSection,
  reasons: reasonsSection,
  drives: drivesSection,
  health: healthSection,
};

/** Drawn last time, as text: a section that did not change is left alone. */
const drawn = new Map<string, string>();
let latest: FleetView | undefined;
/** Why what is shown may be so no more; undefined while the agent sends views. */
let lostWhy: string | undefined;

/** What a section depends on; times of day change always and are left out. */
function textOf(id: string, view: FleetView): string {
  const machines = view.machines.map(({ lastHeardMs, ...rest }) => ({
    ...rest,
    heard: lastHeardMs === undefined ? 0 : Math.floor((view.atMs - lastHeardMs) / 10_000),
  }));
  const names = machines.map((machine) => [machine.peer, shownName(machine)]);
  const { plan, models, training, drives, problems, events, work, groupsNow } = view;
  const parts: Readonly<Record<string, unknown>> = {
    fleet: machines,
    placement: [
      plan,
      view.waitingPlan,
      columnsInSight(view),
      names,
      machines.map(({ slotCount, domain }) => [slotCount, domain]),
    ],
    survival: [plan, groupsNow],
    models: [models, training, plan?.heldOut],
    reasons: [plan, names],
    drives: [drives, names, Math.floor(view.atMs / 60_000)],
    health: [problems, events, work, view.telemetryRows],
  };
  return JSON.stringify(parts[id]) ?? 'nothing';
}

/** New content in place of the old; what its reader opened, scrolled or is typing in stays. */
function redraw(section: HTMLElement, content: readonly HTMLElement[]): void {
  const keyOf = (details: Element): string | null => details.getAttribute('data-key');
  const open = new Set([...section.querySelectorAll('details[open]')].map(keyOf));
  const scrolled = [...section.querySelectorAll('.scroll')].map((place) => ({
    place,
    to: { top: place.scrollTop, left: place.scrollLeft },
  }));
  replaceContent(section, content);
  for (const details of section.querySelectorAll('details'))
    if (open.has(keyOf(details))) details.setAttribute('open', '');
  for (const { place, to } of scrolled) place.scrollTo(to);
}

/** Where its reader was before a reload: sections are empty until the first view, so the browser could not go back there. */
const placeKey = 'scrolled-to';

function goWhereReaderWas(): void {
  const [navigation] = performance.getEntriesByType('navigation');
  const isBack =
    navigation instanceof PerformanceNavigationTiming && /^(?:reload|back_forward)$/u.test(navigation.type);
  const before = Number(sessionStorage.getItem(placeKey));
  if (isBack && before > 0) scrollTo(0, before);
  else document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

/** Nobody takes what was so for what is so: the top of the page says from when it is, in whatever colours it is drawn. */
function staleText(): string | undefined {
  if (lostWhy === undefined || latest === undefined) return lostWhy;
  return `${lostWhy} All below is as it was at ${timeText(latest.atMs)}.`;
}

function show(view: FleetView): void {
  const isFirst = latest === undefined;
  latest = view;
  showHead(view, staleText());
  for (const [id, section] of Object.entries(sections)) {
    const place = document.querySelector<HTMLElement>(`#${id}`);
    const text = textOf(id, view);
    if (place === null || drawn.get(id) === text) continue;
    drawn.set(id, text);
    redraw(place, section(view));
  }
  // Charts have their height in a microtask, and push down what is under them.
  if (isFirst) queueMicrotask(goWhereReaderWas);
}

function drawAnew(useColours: () => void): void {
  useColours();
  dropCharts();
  drawn.clear();
  if (latest !== undefined) show(latest);
}

function sayConnection(state: 'live' | 'lost', text: string): void {
  const place = document.querySelector<HTMLElement>('#connection');
  if (place === null || place.textContent === text) return;
  place.dataset['state'] = state;
  place.textContent = text;
}

function sayLost(why: string): void {
  lostWhy = why;
  sayConnection('lost', 'not live');
  showStale(staleText() ?? why);
}

const noAnswer =
  'The agent of this machine does not answer. This page tries again; where it was started anew, run `drey dashboard` for a fresh address.';
const noSession =
  'This page may not look any more, or too many are open: run `drey dashboard` for a fresh address.';

// What turns the direction of a line around, so that it reads as another name (UAX #9): names come from peers.
const turns = /[\u202A-\u202E\u2066-\u2069]/gu;

/** Three views that did not come: the agent sends one every 15 s (`live-updates.ts`). */
const silenceMsMax = 45_000;

function connect(): void {
  const source = new EventSource('/api/events');
  let silence: ReturnType<typeof setTimeout> | undefined;
  source.addEventListener('error', () => {
    clearTimeout(silence);
    sayLost(source.readyState === EventSource.CLOSED ? noSession : noAnswer);
  });
  source.addEventListener('view', ({ data }) => {
    clearTimeout(silence);
    silence = setTimeout(() => sayLost(noAnswer), silenceMsMax);
    lostWhy = undefined;
    sayConnection('live', 'live');
    show(JSON.parse(String(data).replaceAll(turns, '?')) as FleetView);
  });
}

addEventListener('pagehide', () => sessionStorage.setItem(placeKey, String(scrollY)));
useScheme();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => drawAnew(useScheme));
let columnsBefore = 0;
addEventListener('resize', () => {
  if (latest === undefined) return;
  const columns = columnsInSight(latest);
  if (columns === columnsBefore) return;
  columnsBefore = columns;
  show(latest);
});
addEventListener('beforeprint', () => {
  drawAnew(usePaper);
  // Charts are made in a microtask too.
  queueMicrotask(fitPaper);
});
addEventListener('afterprint', () => drawAnew(useScheme));
connect();
