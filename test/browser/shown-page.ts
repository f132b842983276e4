// What tests of the page share: one Chromium for their file, a page that is shown, and what it says.

import test, { type ExecutionContext } from 'ava';
import type { Browser, Page } from 'playwright-core';
import type { FleetView } from '../../agent/index.ts';
import { launchBrowser, noBrowser, type OpenPage, openPage, type PageShape } from './open-page.ts';

let browser: Browser;

test.before(async () => {
  if (noBrowser === undefined) browser = await launchBrowser();
});
test.after.always(async () => {
  if (noBrowser === undefined) await browser.close();
});

/** A test of the page; where there is no browser it is skipped, and its title says why. */
export function pageTest(title: string, run: (t: ExecutionContext) => Promise<void>): void {
  if (noBrowser === undefined) test.serial(title, run);
  else test.serial.skip(`${title} (${noBrowser})`, run);
}

export async function show(t: ExecutionContext, view: FleetView, shape: PageShape = {}): Promise<OpenPage> {
  const opened = await openPage(browser, view, shape);
  t.teardown(() => opened.close());
  return opened;
}

/** Different colours on each canvas of the page, by its chart's key. */
export async function coloursOf(page: Page): Promise<ReadonlyMap<string, number>> {
  const found: unknown = await page.evaluate(`[...document.querySelectorAll('[data-chart]')].map((holder) => {
    const canvas = holder.querySelector('canvas');
    const pixels = new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    return [holder.dataset.chart, new Set(pixels).size];
  })`);
  return new Map(found as [string, number][]);
}

/** Rows of a table by the start of its caption, as text. */
export async function rowsOf(page: Page, caption: string): Promise<string[][]> {
  const rows: unknown = await page.evaluate(`[...document.querySelectorAll('caption')]
    .find((one) => one.textContent.startsWith(${JSON.stringify(caption)}))
    .parentElement.querySelectorAll('tbody tr').values()
    .map((row) => [...row.cells].map((cell) => cell.textContent)).toArray()`);
  return rows as string[][];
}
