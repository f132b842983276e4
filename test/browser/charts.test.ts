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
