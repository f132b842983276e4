// What of the charts can be read, on screens of all widths: bars and the matrix of machines × groups.

import type { Page } from 'playwright-core';
import { fleetView } from '../helpers/fleet-view.ts';
import { pageTest, show } from './shown-page.ts';

/** Until charts have taken the size of their page: they look at it once a frame. */
const framesOf = (page: Page): Promise<unknown> =>
  page.evaluate(`(async () => {
    for (let frame = 0; frame < 6; frame++) await new Promise(requestAnimationFrame);
  })()`);

for (const [widthPixels, how] of [
  [1024, 'a small screen'],
  [390, 'a phone'],
] as const)
  pageTest(`on ${how} no name of a bar is written over the one below, nor when it is turned`, async (t) => {
    const view = fleetView();
    const [first, ...others] = view.models!.summaries;
    const names = [
      'mean of all absences',
      'absences as long as this one',
      'absences of the same hours of a day',
    ];
    const baselines = names.map((name) => ({ name, value: 0.2 }));
    const summaries = [{ ...first!, baselines }, ...others];
    const models = { ...view.models!, summaries };
    const { page } = await show(t, { ...view, models }, { widthPixels });
    const overprinted = (): Promise<unknown> =>
      page.evaluate(`[...document.querySelectorAll('canvas')].flatMap((canvas) => {
        const { y } = Chart.getChart(canvas).scales;
        const lines = Math.max(...y.ticks.map(({ label }) => [label].flat().length));
        return 14.4 * lines > y.height / y.ticks.length ? [canvas.ariaLabel] : [];
      })`);
    await page.locator('canvas').first().waitFor();
    t.deepEqual(await overprinted(), []);
    await page.setViewportSize({ width: 320, height: 900 });
    await framesOf(page);
    t.deepEqual(await overprinted(), []);
  });

interface DrawnMatrix {
  /** Of the narrowest one. */
  readonly squarePixels: number;
  readonly columnCount: number;
  readonly names: readonly string[];
}

const matrixOf = (page: Page): Promise<DrawnMatrix> =>
  page.evaluate(`(() => {
    const chart = Chart.getChart(document.querySelector('[data-chart=matrix] canvas'));
    return {
      squarePixels: Math.min(...chart.getDatasetMeta(0).data.map(({ width }) => width)),
      columnCount: new Set(chart.data.datasets[0].data.map(({ x }) => x)).size,
      names: chart.scales.y.ticks.map(({ label }) => label),
    };
  })()`);

pageTest(
  'on a phone the matrix of a large fleet has columns that take their marks, and no two rows read alike',
  async (t) => {
    const view = fleetView({ machineCount: 60 });
    const machines = view.machines.map((machine, row) => ({ ...machine, name: `desk-of-somebody-${row}` }));
    const { page } = await show(t, { ...view, machines }, { widthPixels: 390 });
    await page.locator('canvas').first().waitFor();
    const phone = await matrixOf(page);
    t.true(phone.squarePixels >= 17, String(phone.squarePixels));
    t.is(new Set(phone.names).size, phone.names.length);
    t.true(
      phone.names.every((name) => name.startsWith('\u2068desk') && /\d\u2069 · /u.test(name)),
      phone.names[0],
    );
    await page.locator('#placement').getByRole('button', { name: 'Later groups' }).click();
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.locator('#placement').getByRole('button', { name: 'Earlier groups' }).click();
    await framesOf(page);
    const wide = await matrixOf(page);
    t.true(wide.columnCount > phone.columnCount);
    t.true(wide.squarePixels >= 17);
  },
);

pageTest('names of bars that are one long word differ in their ends', async (t) => {
  const view = fleetView();
  const machines = view.machines.map((machine, row) => ({ ...machine, name: `${'desk-'.repeat(8)}${row}` }));
  const { page } = await show(t, { ...view, machines }, { widthPixels: 390 });
  await page.locator('canvas').first().waitFor();
  const names: readonly string[] = await page.evaluate(
    "Chart.getChart(document.querySelector('[data-chart=space] canvas')).scales.y.ticks.map(({ label }) => label.join(' '))",
  );
  t.is(new Set(names).size, machines.length);
});

pageTest('on paper the matrix of a large fleet has columns that take their marks', async (t) => {
  const { page } = await show(t, fleetView({ machineCount: 60 }));
  await page.locator('canvas').first().waitFor();
  await page.emulateMedia({ media: 'print' });
  await page.evaluate("dispatchEvent(new Event('beforeprint'))");
  const { squarePixels } = await matrixOf(page);
  t.true(squarePixels >= 17, String(squarePixels));
});
