// The page: takes views from the agent's live updates and draws its sections. It asks for nothing but what is shown.

import type { FleetView } from '../../agent/view.ts';
import { dropCharts, useScheme } from './charts.ts';
import {
  drivesSection,
  fleetSection,
  healthSection,
  modelsSection,
  placementSection,
  reasonsSection,
  type Section,
  survivalSection,
} from './sections.ts';

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

const byId = (id: string): HTMLElement => document.querySelector<HTMLElement>(`#${id}`)!;

function riskOf(view: FleetView): { readonly level: string; readonly text: string } {
  const lost = view.groupsNow.filter(({ margin }) => margin < 0).length;
  const thin = view.groupsNow.filter(({ margin }) => margin === 0).length;
  if (view.plan === undefined)
    return { level: 'warning', text: 'Nothing is placed yet: the fleet needs four machines and a plan.' };
  if (lost > 0)
    return {
      level: 'problem',
      text: `${lost} of ${view.groupsNow.length} groups cannot be restored from at this moment: too many of their machines are off.`,
    };
  if (thin > 0)
    return {
      level: 'warning',
      text: `Everything can be restored now, but ${thin} of ${view.groupsNow.length} groups could not lose one more machine.`,
    };
  return {
    level: 'ok',
    text: `Everything can be restored now: each of ${view.groupsNow.length} groups could lose at least one more machine.`,
  };
}

/** What a section depends on; times of day change always and are left out. */
function textOf(id: string, view: FleetView): string {
  const machines = view.machines.map(({ lastHeardMs, ...rest }) => ({
    ...rest,
    heard: lastHeardMs === undefined ? 0 : Math.floor((view.atMs - lastHeardMs) / 10_000),
  }));
  const { plan, models, training, drives, health, events, work, groupsNow } = view;
  const parts: Readonly<Record<string, unknown>> = {
    fleet: machines,
    placement: [plan, machines.map(({ peer, name, slotCount, domain }) => [peer, name, slotCount, domain])],
    survival: [plan, groupsNow],
    models: [models, training, plan?.heldOut],
    reasons: plan,
    drives,
    health: [health, events, work],
  };
  return JSON.stringify(parts[id]);
}

function redraw(id: string, content: readonly HTMLElement[]): void {
  const section = byId(id);
  const open = new Set(
    [...section.querySelectorAll('details[open]')].map((details) => details.getAttribute('data-key')),
  );
  const scrolled = [...section.querySelectorAll('.scroll')].map(({ scrollTop }) => scrollTop);
  section.replaceChildren(...content);
  for (const details of section.querySelectorAll('details'))
    if (open.has(details.getAttribute('data-key'))) details.setAttribute('open', '');
  for (const [index, place] of section.querySelectorAll('.scroll').entries())
    place.scrollTop = scrolled[index] ?? 0;
}

function show(view: FleetView): void {
  latest = view;
  const optimizer = view.machines.find(({ peer }) => peer === view.optimizer?.peer)?.name;
  document.title = `${view.fleetName} · Drey`;
  byId('fleet-name').textContent = view.fleetName;
  byId('summary').textContent =
    `Plan ${view.plan?.epoch ?? 'none yet'}${view.plan === undefined ? '' : `, from ${view.plan.modelSource}`} · optimizer ${optimizer ?? 'none'} · seen from ${view.machines.find(({ peer }) => peer === view.self)?.name ?? 'here'}`;
  const { level, text } = riskOf(view);
  const risk = byId('risk');
  risk.dataset['level'] = level;
  if (risk.textContent !== text) risk.textContent = text;
  for (const [id, section] of Object.entries(sections)) {
    const before = textOf(id, view);
    if (drawn.get(id) === before) continue;
    drawn.set(id, before);
    redraw(id, section(view));
  }
}

function connect(): void {
  const source = new EventSource('/api/events');
  const say = (state: string, text: string): void => {
    byId('connection').dataset['state'] = state;
    byId('connection').textContent = text;
  };
  source.addEventListener('open', () => say('live', 'live'));
  source.addEventListener('error', () => say('lost', 'the agent does not answer; trying again'));
  source.addEventListener('view', (event) =>
    show(JSON.parse((event as MessageEvent<string>).data) as FleetView),
  );
}

useScheme();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  useScheme();
  dropCharts();
  drawn.clear();
  if (latest !== undefined) show(latest);
});
connect();
