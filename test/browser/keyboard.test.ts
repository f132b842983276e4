// Whoever goes by keyboard sees where they are, and gets to all that scrolls.

import { AxeBuilder } from '@axe-core/playwright';
import { cardHtml } from '../../models/index.ts';
import { fleetView, lonelyView } from '../helpers/fleet-view.ts';
import { storedOf } from '../models/stored-versions.ts';
import { pageTest, show } from './shown-page.ts';

/** Longer than the way through the page. */
const stopsMax = 200;

for (const widthPixels of [1280, 390])
  pageTest(
    `nothing that stays in sight is over what the keyboard is on, ${widthPixels} pixels wide`,
    async (t) => {
      const { page } = await show(t, fleetView(), { widthPixels });
      await page.locator('canvas').first().waitFor();
      const covered: unknown[] = [];
      let stopCount = 0;
      for (const key of ['Tab', 'Shift+Tab'])
        for (let stop = 0; stop < stopsMax; stop++) {
          await page.keyboard.press(key);
          const found: unknown = await page.evaluate(`(() => {
          const here = document.activeElement;
          if (here === document.body) return 'through';
          const { left, top, width, height } = here.getBoundingClientRect();
          const over = document.elementFromPoint(left + width / 2, top + Math.min(height / 2, 10));
          const isSeen = over !== null && (here.contains(over) || over.contains(here));
          return isSeen ? 'seen' : [here.tagName, here.ariaLabel ?? here.textContent, over?.tagName];
        })()`);
          if (found === 'through') break;
          stopCount++;
          if (found !== 'seen') covered.push([key, found]);
        }
      t.true(stopCount > 60, String(stopCount));
      t.deepEqual(covered, []);
    },
  );

pageTest('whoever comes to the links to sections stays where they read', async (t) => {
  const { page } = await show(t, fleetView());
  await page.locator('canvas').first().waitFor();
  await page.evaluate('scrollTo(0, 777)');
  for (let link = 0; link < 7; link++) {
    await page.keyboard.press('Tab');
    t.is(await page.evaluate('document.activeElement.parentElement.tagName'), 'NAV');
  }
  t.is(await page.evaluate('scrollY'), 777);
});

pageTest('all tables of a card of models are reached by keyboard on a phone', async (t) => {
  const { page } = await show(t, lonelyView(), { widthPixels: 390 });
  await page.goto('about:blank');
  await page.setContent(cardHtml(storedOf('v1', 'model')));
  const { violations } = await new AxeBuilder({ page }).analyze();
  t.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`),
    [],
  );
  t.is(await page.evaluate('document.documentElement.scrollWidth'), 390);
});
