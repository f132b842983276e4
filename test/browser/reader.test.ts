// What the page is to its reader: the place where they were, what they print, what they read when the agent is gone or knows nothing yet.

import { fleetView, lonelyView } from '../helpers/fleet-view.ts';
import { pageTest, show } from './shown-page.ts';

pageTest(
  'a link to a section leads there in a new page, and a reload stays where its reader was',
  async (t) => {
    const { page, dashboard } = await show(t, fleetView());
    const topOf = (id: string): Promise<number> =>
      page.evaluate(`document.querySelector('#${id}').getBoundingClientRect().top`);
    const drawn = (): Promise<void> => page.locator('#drives td').first().waitFor();
    await page.goto('about:blank');
    await page.goto(`${dashboard.address}#models`);
    await drawn();
    t.true(Math.abs((await topOf('models')) - 64) < 10, String(await topOf('models')));
    await page.evaluate('scrollTo(0, 777)');
    await page.reload();
    await drawn();
    t.is(await page.evaluate('scrollY'), 777);
    await page.locator('nav a', { hasText: 'Drives' }).click();
    await page.goBack();
    await page.waitForFunction('scrollY === 777');
    await page.goto('about:blank');
    await page.goto(dashboard.address);
    await drawn();
    t.is(await page.evaluate('scrollY'), 0);
  },
);

pageTest('odds that are only assumed are not shown as known', async (t) => {
  const view = fleetView();
  const assumed = 'Nothing is known of the machines yet';
  const { page, change } = await show(t, view);
  const odds = page.locator('#figures div').nth(2);
  t.regex(
    await odds.innerText(),
    /^of all hours enough machines of the weakest group, \S+, are up to restore\n98\.9 %$/u,
  );
  t.false((await page.locator('#survival').innerText()).includes(assumed));
  const classes = view.plan!.classes.map((one) => ({
    ...one,
    groups: one.groups.map((group) => ({
      ...group,
      reasons: group.reasons.map((reason) => ({ ...reason, availability: 0.9 })),
    })),
  }));
  change({ ...view, plan: { ...view.plan!, classes } });
  await page.locator('#survival .note', { hasText: assumed }).waitFor();
  t.regex(await odds.innerText(), /^no odds yet: nothing is known of the machines\n–$/u);
});

pageTest('the weakest group at the top is one with a pack, where one is known', async (t) => {
  const view = fleetView();
  const groups = view.plan!.classes.flatMap((one) => one.groups);
  const [best] = groups.toSorted((a, b) => a.unavailability - b.unavailability);
  const withPacksIn = (ids: readonly string[]) => ({
    ...view,
    groupsNow: view.groupsNow.map((now) => ({ ...now, packCount: ids.includes(now.group) ? 1 : 0 })),
  });
  const { page, change } = await show(t, withPacksIn([best!.id]));
  const odds = page.locator('#figures div').nth(2);
  t.regex(
    await odds.innerText(),
    new RegExp(
      `weakest group, ${best!.id}, are up to restore; of the 1 group in which this machine knows a pack\n`,
      'u',
    ),
  );
  change(withPacksIn([]));
  await odds.filter({ hasText: 'of all groups, whether a pack is in them or not' }).waitFor();
});

pageTest('a page whose agent ended says so', async (t) => {
  const { page, dashboard } = await show(t, lonelyView());
  await dashboard.close();
  await page.locator('#connection[data-state=lost]').waitFor();
  const risk = page.locator('#risk');
  t.regex(
    (await risk.textContent()) ?? '',
    /does not answer.*drey dashboard.*as it was at 02\/11\/2026, 09:30/u,
  );
  t.is(await risk.getAttribute('data-level'), 'problem');
});

pageTest('a page whose agent ended goes on to say so in other colours and on paper', async (t) => {
  const { page, dashboard } = await show(t, fleetView());
  await page.locator('canvas').first().waitFor();
  await dashboard.close();
  await page.locator('#connection[data-state=lost]').waitFor();
  const risk = page.locator('#risk');
  const said = await risk.textContent();
  await page.evaluate("document.querySelector('#placement canvas').dataset.key = 'light'");
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.locator('#placement canvas:not([data-key])').waitFor();
  t.is(await risk.textContent(), said);
  await page.evaluate("dispatchEvent(new Event('beforeprint'))");
  t.is(await risk.textContent(), said);
  t.is(await risk.getAttribute('data-level'), 'problem');
});

pageTest('no cell says what only a program would', async (t) => {
  const { page } = await show(t, fleetView());
  t.notRegex(await page.locator('body').innerText(), /undefined|NaN|null|\[object/u);
});

pageTest(
  'a long path leaves the other columns in sight, and a change leaves them where they were scrolled to',
  async (t) => {
    const view = fleetView();
    const [own, ...others] = view.drives;
    const path = `/home/ada/${'a-long-name-of-a-folder/'.repeat(8)}`;
    const { page, change } = await show(t, { ...view, drives: [{ ...own!, path }, ...others] });
    const widthOf = async (place: string): Promise<number> =>
      (await page.locator(place).first().boundingBox())!.width;
    t.true((await widthOf('#drives td')) < (await widthOf('#drives .scroll')) / 2);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.evaluate("document.querySelector('#drives .scroll').scrollTo(120, 0)");
    change({ ...view, drives: [{ ...own!, path: `${path}more` }, ...others] });
    await page.locator('#drives td', { hasText: 'more' }).first().waitFor();
    t.is(await page.evaluate("document.querySelector('#drives .scroll').scrollLeft"), 120);
  },
);

pageTest('names without a place to break at make no page wider than a phone', async (t) => {
  const view = fleetView();
  const long = 'x'.repeat(64);
  const machines = view.machines.map((machine, row) => ({ ...machine, name: `${long.slice(2)}${row}` }));
  const problems = view.problems.map((one) => ({ ...one, level: 'problem' as const, risk: long, why: long }));
  const plan = { ...view.plan!, notes: [long], modelSource: long };
  const { page } = await show(
    t,
    { ...view, fleetName: long, machines, problems, plan },
    { widthPixels: 360 },
  );
  t.is(await page.evaluate('document.documentElement.scrollWidth'), 360);
});

pageTest('on paper no table is cut, no chart is wider than the sheet, and dark is light', async (t) => {
  const { page } = await show(t, fleetView(), { scheme: 'dark' });
  await page.locator('canvas').first().waitFor();
  await page.emulateMedia({ media: 'print' });
  await page.evaluate("dispatchEvent(new Event('beforeprint'))");
  const cut: unknown = await page.evaluate(
    "[...document.querySelectorAll('.scroll')].filter((place) => place.scrollHeight > place.clientHeight + 1).length",
  );
  t.is(cut, 0);
  const charts: unknown = await page.evaluate(
    "[...document.querySelectorAll('canvas')].map((canvas) => [canvas.clientWidth, Chart.getChart(canvas).scales.x.options.ticks.color])",
  );
  for (const [width, colour] of charts as [number, string][]) {
    t.is(width, 640);
    t.is(colour, '#55615c');
  }
  t.is(await page.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)');
});

pageTest('commands to type are set as code, and backticks are not shown', async (t) => {
  const { page, change } = await show(t, fleetView());
  t.is(await page.locator('#health td code', { hasText: 'drey fleet revoke' }).count(), 1);
  const stopped = { ...fleetView().problems[0]!, level: 'problem' as const, why: 'Run `drey doctor`.' };
  change({ ...fleetView(), problems: [stopped] });
  await page.locator('#risk code', { hasText: 'drey doctor' }).waitFor();
  t.notRegex(await page.locator('body').innerText(), /`/u);
});

pageTest('a fleet that is too small is told how it grows, and no snapshots are not counted', async (t) => {
  const view = lonelyView();
  const { page, change } = await show(t, view);
  for (const place of ['#risk', '#placement .note'])
    t.regex((await page.locator(place).textContent()) ?? '', /drey fleet invite\.$/u);
  t.regex(await page.locator('#drives').innerText(), /Start with drey protect PATH\./u);
  const drives = fleetView().drives.map((drive) => ({ ...drive, snapshots: [] }));
  const work = { ...view.work, heldShards: 1, heldBytes: 477_500 };
  change({ ...view, drives, work });
  await page.locator('#drives table').waitFor();
  t.is(await page.locator('#drives summary').count(), 0);
  await page.locator('#health td', { hasText: '1 (466.3 KiB)' }).waitFor();
});
