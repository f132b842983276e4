// A card of models in a real browser, with the ids that machines of a fleet have.

import { machineId } from '../../datasets/index.ts';
import { cardHtml } from '../../models/index.ts';
import { lonelyView } from '../helpers/fleet-view.ts';
import { storedOf } from '../models/stored-versions.ts';
import { pageTest, show } from './shown-page.ts';

pageTest('a card is no wider than a phone and cuts no name, however long ids and hashes are', async (t) => {
  const stored = storedOf('v1', 'model');
  const machines = stored.forecast.machines.map((_, row) =>
    machineId(`12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDT${row}`),
  );
  const shock = {
    name: `subnet ${'a1b2c3d4'.repeat(8)}`,
    origin: 'subnet' as const,
    probability: 0.01,
    strike: new Float64Array(machines.length).fill(0.9),
  };
  const { page } = await show(t, lonelyView(), { widthPixels: 390 });
  await page.goto('about:blank');
  await page.setContent(cardHtml({ ...stored, forecast: { ...stored.forecast, machines, shocks: [shock] } }));
  for (const summary of await page.locator('summary').all()) await summary.click();
  t.true((await page.locator('details p').innerText()).includes(machines[0]!));
  t.is(await page.evaluate('document.documentElement.scrollWidth'), 390);
  const cut = `[...document.querySelectorAll('svg text')]
    .filter((text) => text.getBBox().x < 0)
    .map((text) => text.textContent)`;
  t.deepEqual(await page.evaluate(cut), [], 'names that the edge of a picture cuts');
});
