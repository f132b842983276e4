// The page in a real browser: that its charts are painted, its tables say what the view says, updates arrive, names stay text, and
// axe finds nothing serious. Each test opens its own dashboard.

import { AxeBuilder } from '@axe-core/playwright';
import { gibibyte } from '../../datasets/index.ts';
import { fleetView, lonelyView, withWaitingPlan } from '../helpers/fleet-view.ts';
import { coloursOf, pageTest, rowsOf, show } from './shown-page.ts';

const paintedMin = 20;

pageTest('every chart is painted, and the browser complains about nothing', async (t) => {
  const { page, complaints } = await show(t, fleetView());
  await page.locator('canvas').first().waitFor();
  const painted = await coloursOf(page);
  t.deepEqual([...painted.keys()].toSorted(), [
    'held-out',
    'matrix',
    'model-availability',
    'model-joint failure',
    'model-popularity',
    'space',
    'survival-bulk-4-6',
    'survival-small-1-3',
  ]);
  t.deepEqual(
    [...painted].filter(([, count]) => count < paintedMin),
    [],
  );
  t.deepEqual(complaints, []);
});

for (const scheme of ['light', 'dark'] as const)
  for (const [name, view] of [
    ['a fleet', fleetView()],
    ['an agent alone', lonelyView()],
    ['a fleet with a plan that waits', withWaitingPlan(fleetView())],
  ] as const)
    pageTest(`axe finds nothing serious on the page of ${name}, ${scheme}`, async (t) => {
      const { page } = await show(t, view, { scheme });
      for (const summary of await page.locator('summary').all()) await summary.click();
      const { violations } = await new AxeBuilder({ page }).analyze();
      t.deepEqual(
        violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''}`),
        [],
      );
    });

pageTest('every chart has a sentence for those who cannot see it, and a table in its section', async (t) => {
  const { page } = await show(t, fleetView());
  for (const canvas of await page.locator('canvas').all()) {
    t.is(await canvas.getAttribute('role'), 'img');
    t.true(((await canvas.getAttribute('aria-label')) ?? '').split(' ').length > 5);
    t.true((await canvas.locator('xpath=ancestor::section').locator('table').count()) > 0);
  }
});

pageTest('a plan that waits is shown with what it changes, and is gone when nothing waits', async (t) => {
  const view = fleetView();
  const { waitingPlan, machines, ...rest } = withWaitingPlan(view);
  const { page, change } = await show(t, { ...rest, machines, waitingPlan });
  const box = page.getByRole('group', { name: `Plan ${waitingPlan.plan.epoch} waits for an admin` });
  t.regex(
    (await box.textContent()) ?? '',
    /because the fleet is in review mode\. It changes 1 slot and moves about 4 %/u,
  );
  t.regex((await box.textContent()) ?? '', new RegExp(`drey plan approve ${waitingPlan.plan.epoch}\\.`, 'u'));
  t.regex((await box.textContent()) ?? '', /of all bytes, judged by what one machine holds\. Until then/u);
  const nameOf = (peer: string | undefined): string | undefined =>
    machines.find((machine) => machine.peer === peer)?.name;
  const { group, from, to } = waitingPlan.changes[0]!;
  const [row] = await rowsOf(page, 'Slots that it gives');
  t.deepEqual(row?.slice(0, 4), [group, '0', nameOf(from), nameOf(to)]);
  t.is(row?.[5], '99.970 %');
  change({ ...rest, machines, waitingPlan: { ...waitingPlan, repairCount: 1 } });
  await box
    .filter({
      hasText:
        'It changes 1 slot, 1 of them to replace machines that are gone or put out, and moves about 4 % of all bytes beside that',
    })
    .waitFor();
  change(view);
  await box.waitFor({ state: 'detached' });
});

pageTest('the tables say what the view says', async (t) => {
  const view = fleetView();
  const { page } = await show(t, view);
  const machines = await rowsOf(page, 'Machines');
  t.deepEqual(
    machines.map(([name, state, , , given, slots, domain]) => [name, state, given, slots, domain]),
    view.machines.map(({ peer, name, state, quotaBytes, slotCount, domain }) => [
      peer === view.self ? `${name} (here)` : name,
      state,
      `${((quotaBytes ?? 0) / gibibyte).toFixed(1)} GiB`,
      String(slotCount),
      domain ?? 'stands alone',
    ]),
  );
  const nameOf = new Map(view.machines.map(({ peer, name }) => [peer, name]));
  const small = view.plan!.classes.find(({ name }) => name === 'small')!;
  const groups = await rowsOf(page, 'Groups of small packs');
  t.deepEqual(
    groups.map(([id, members]) => [id, members?.replaceAll(/ \([^)]*\)/gu, '')]),
    small.groups.map(({ id, members }) => [id, members.map((member) => nameOf.get(member)).join(', ')]),
  );
  t.deepEqual(
    (await rowsOf(page, 'Unavailable share')).map(([policy, share]) => [policy, share]),
    view.plan!.heldOut.map(({ policy, unavailableShare }) => [
      policy,
      `${(100 * unavailableShare).toFixed(3)} %`,
    ]),
  );
  const survival = await rowsOf(page, 'Survival of each group');
  t.deepEqual(
    survival.map(([id, , now]) => [id, now?.split(':')[0]]),
    view.groupsNow.map(({ group, upCount, redundancy }) => [group, `${upCount} of ${redundancy.n} up`]),
  );
});

pageTest('machines of one name stay two, each with the end of its peer id', async (t) => {
  const view = fleetView();
  const shortIds = ['k3jf92ab', 'Qm81zzTx'] as const;
  const machines = view.machines.map((machine, row) => {
    const shortId = shortIds[row];
    return shortId === undefined ? machine : { ...machine, name: 'pc', shortId };
  });
  const { page } = await show(t, { ...view, machines });
  await page.locator('canvas').first().waitFor();
  const shown = shortIds.map((id) => `pc (${id})`);
  t.deepEqual(
    (await rowsOf(page, 'Machines')).slice(0, 2).map(([name]) => name),
    [`${shown[0]!} (here)`, shown[1]],
  );
  const members = new Set((await rowsOf(page, 'Why each member')).map(([, , member]) => member));
  const groups = (await rowsOf(page, 'Groups of')).map(([, list]) => list ?? '');
  for (const name of shown) {
    t.true(members.has(name));
    t.true(groups.some((list) => list.includes(`${name} (`)));
  }
  const drawn: unknown = await page.evaluate(`(() => {
    const chart = Chart.getChart(document.querySelector('[data-chart=matrix] canvas'));
    const tops = chart.getDatasetMeta(0).data.map((square) => Math.round(square.getCenterPoint().y));
    return [chart.scales.y.ticks.length, new Set(tops).size];
  })()`);
  const [first] = view.plan!.classes;
  const holders = new Set(first!.groups.flatMap((group) => group.members));
  t.deepEqual(drawn, [view.machines.length, holders.size]);
  for (const { peer } of machines.slice(0, 2)) t.true(holders.has(peer));
});

pageTest('a change arrives by itself; charts stay painted and words being typed stay', async (t) => {
  const view = fleetView();
  const { page, change, complaints } = await show(t, view);
  const search = page.locator('#reasons input[type=search]');
  await search.fill('desk-bell');
  const groupsNow = view.groupsNow.map((group, index) => (index === 0 ? { ...group, margin: -1 } : group));
  const plan = { ...view.plan!, notes: ['A second plan.'], epoch: 2 };
  change({ ...view, groupsNow, plan, fleetName: 'Renamed' });
  await page.locator('#fleet-name', { hasText: 'Renamed' }).waitFor();
  const risk = (await page.locator('#risk').textContent()) ?? '';
  t.true(risk.startsWith(`1 of ${groupsNow.length} groups cannot be restored`), risk);
  t.is(await page.locator('#risk').getAttribute('data-level'), 'problem');
  t.is(await page.locator('#reasons li').textContent(), 'A second plan.');
  t.is(await search.inputValue(), 'desk-bell');
  t.is(await page.evaluate('document.activeElement.type'), 'search');
  t.true((await rowsOf(page, 'Why each member')).every((row) => row.join(' ').includes('desk-bell')));
  t.deepEqual(
    [...(await coloursOf(page))].filter(([, count]) => count < paintedMin),
    [],
  );
  t.deepEqual(complaints, []);
});

pageTest('what somebody has to act on stands at the top, before what the groups could lose', async (t) => {
  const view = fleetView();
  const [known] = view.problems;
  const failed = {
    ...known!,
    kind: 'backup-failed',
    level: 'problem',
    risk: 'New files are not safe.',
    why: 'A disk is full.',
  } as const;
  const calm = view.groupsNow.map((group) => ({ ...group, margin: 2 }));
  const { page, change } = await show(t, { ...view, groupsNow: calm, problems: [] });
  const risk = page.locator('#risk');
  t.is(await risk.getAttribute('data-level'), 'ok');
  change({ ...view, groupsNow: calm });
  await page.locator('#risk[data-level=warning]').waitFor();
  t.regex(
    (await risk.textContent()) ?? '',
    /^Everything can be restored now.* 1 warning below, under Health\.$/u,
  );
  change({ ...view, groupsNow: calm, problems: [known!, failed, { ...failed, about: 'another' }] });
  await page.locator('#risk[data-level=problem]').waitFor();
  t.is(
    await risk.textContent(),
    'New files are not safe. A disk is full. 1 more problem below, under Health.',
  );
});

pageTest('training is shown while it runs', async (t) => {
  const view = fleetView();
  const { page, change } = await show(t, view);
  t.is(await page.locator('progress').count(), 0);
  const training = { model: 'joint failure', epoch: 12, epochCount: 40, loss: 0.31, secondsLeft: 4.2 };
  change({ ...view, training });
  await page.locator('progress').waitFor();
  t.is(await page.locator('progress').getAttribute('value'), '12');
  t.regex((await page.locator('.training').textContent()) ?? '', /loss 0\.3100, 5 s left/u);
});

pageTest('names and reasons of peers stay text', async (t) => {
  const view = fleetView();
  const evil = '<img src=x onerror="document.title=1"><b>bold</b>';
  const machines = view.machines.map((machine) => ({ ...machine, name: evil }));
  const plan = { ...view.plan!, notes: [evil], modelSource: evil };
  const events = [{ ...view.events[0]!, text: evil }];
  const { page } = await show(t, { ...view, machines, plan, events, fleetName: evil });
  t.is(await page.locator('main img, main b, header img').count(), 0);
  t.is(await page.locator('#fleet-name').textContent(), evil);
  t.is(await page.title(), `${evil} · Drey`);
});

pageTest('an agent alone sees what is missing in every section', async (t) => {
  const { page, complaints } = await show(t, lonelyView());
  for (const section of await page.locator('main section').all()) {
    t.is(await section.locator('h2').count(), 1);
    t.regex((await section.locator('p.note').first().textContent()) ?? '', /\w{3}/u);
  }
  t.regex((await page.locator('#risk').textContent()) ?? '', /^Nothing is placed yet/u);
  t.deepEqual(complaints, []);
});

for (const view of [fleetView(), lonelyView()])
  pageTest(`the page of ${view.machines.length} machines fits 360 pixels`, async (t) => {
    const { page } = await show(t, view, { widthPixels: 360 });
    t.is(await page.evaluate('document.documentElement.scrollWidth'), 360);
  });

pageTest('a large fleet is paged, sorted and searched', async (t) => {
  const { page, complaints } = await show(t, fleetView({ machineCount: 120 }));
  t.is((await rowsOf(page, 'Machines')).length, 50);
  await page.getByRole('button', { name: 'Later rows' }).first().click();
  t.is((await rowsOf(page, 'Machines'))[0]?.[0], 'desk-fermi-50');
  const given = page.locator('#fleet th', { hasText: 'given' });
  await given.getByRole('button').click();
  t.is(await given.getAttribute('aria-sort'), 'ascending');
  t.is((await rowsOf(page, 'Machines'))[0]?.[4], '100.0 GiB');
  await given.getByRole('button').click();
  t.is(await given.getAttribute('aria-sort'), 'descending');
  t.is((await rowsOf(page, 'Machines'))[0]?.[4], '180.0 GiB');
  await page.locator('#fleet input').fill('fermi-50');
  t.deepEqual(
    (await rowsOf(page, 'Machines')).map(([name]) => name),
    ['desk-fermi-50'],
  );
  const labelBefore = await page.locator('#placement canvas').getAttribute('aria-label');
  await page.locator('#placement select').selectOption({ index: 1 });
  t.not(await page.locator('#placement canvas').getAttribute('aria-label'), labelBefore);
  t.true(((await coloursOf(page)).get('matrix') ?? 0) > paintedMin);
  t.deepEqual(complaints, []);
});

pageTest(
  'the keyboard stays where it is when what it turned is drawn anew, and when a change arrives',
  async (t) => {
    const view = fleetView({ machineCount: 120 });
    const { page, change } = await show(t, view);
    const focused = (): Promise<unknown> =>
      page.evaluate('document.activeElement.ariaLabel ?? document.activeElement.tagName');
    await page.locator('#fleet').getByRole('button', { name: 'Later rows' }).focus();
    await page.keyboard.press('Enter');
    t.is(await focused(), 'Later rows');
    await page.keyboard.press('Enter');
    t.is(await focused(), 'Earlier rows', 'there is nothing later any more');
    for (const place of [
      '#placement select',
      '#placement summary',
      '#models [data-key="scores-popularity"] summary',
    ]) {
      await page.locator(place).focus();
      await page.evaluate('window.left = document.activeElement');
      const models = { ...view.models!, version: place };
      change({ ...view, plan: { ...view.plan!, notes: [place] }, models });
      await page.locator('#models .note', { hasText: place }).waitFor();
      t.false(await page.evaluate('window.left.isConnected'), `${place} was not drawn anew`);
      t.is(await page.locator(`${place}:focus`).count(), 1, place);
    }
  },
);

pageTest('a search that finds nothing says so', async (t) => {
  const { page } = await show(t, fleetView());
  await page.locator('#reasons input').fill('nobody');
  t.regex((await rowsOf(page, 'Why each member'))[0]?.[0] ?? '', /^None of the \d+ rows has these words\.$/u);
});

pageTest('on a phone no axis and no name of a row is wider than its chart', async (t) => {
  const view = fleetView();
  const [first, ...others] = view.models!.summaries;
  const baselines = [{ name: 'absences that are as long as this one', value: 0.2 }, ...first!.baselines];
  const metric = 'Brier score of "back within 24 h", by hour away';
  const summaries = [{ ...first!, metric, baselines }, ...others];
  const { page } = await show(t, { ...view, models: { ...view.models!, summaries } }, { widthPixels: 360 });
  await page.locator('canvas').first().waitFor();
  const tooWide: unknown = await page.evaluate(`[...document.querySelectorAll('canvas')].flatMap((canvas) => {
    const { scales, ctx, width } = Chart.getChart(canvas);
    ctx.font = '12px system-ui, sans-serif';
    const names = scales.y.ticks.map(({ label }) => [label, scales.y.width]);
    const axis = scales.x.options.title.text;
    return [...names, ...(axis === '' ? [] : [[axis, scales.x.width]])]
      .flatMap(([text, most]) => [text].flat().map((line) => [line, most]))
      .filter(([line, most]) => ctx.measureText(line).width > most);
  })`);
  t.deepEqual(tooWide, []);
});

pageTest('the bar of what serves stands out, be it the model or a baseline', async (t) => {
  const { page } = await show(t, fleetView());
  await page.locator('canvas').first().waitFor();
  const served = (model: string): Promise<unknown> =>
    page.evaluate(`(() => {
      const { labels, datasets } = Chart.getChart(document.querySelector('[data-chart="model-${model}"] canvas')).data;
      return labels.filter((_, row) => datasets[0].backgroundColor[row] === '#23916c');
    })()`);
  t.deepEqual(await served('availability'), ['the model']);
  t.deepEqual(await served('popularity'), ['most recent']);
});

pageTest(
  'a drive says when its files were last proven restorable, and that a trial failed since',
  async (t) => {
    const { page } = await show(t, fleetView());
    await page.locator('canvas').first().waitFor();
    const rows = await rowsOf(page, 'Drives');
    const own = rows.find(([name]) => name === '/home/ada/papers');
    t.true(
      own?.some((cell) =>
        cell.startsWith(
          '27 h ago (5 files, 12.0 MiB from 4 machines); a trial 3 h ago failed: 1 of the 2 shards',
        ),
      ),
      JSON.stringify(own),
    );
  },
);

pageTest('policies on held-out history are shown with the groups that they were judged on', async (t) => {
  const view = fleetView();
  const { page, change } = await show(t, view);
  const note = page
    .locator('h3', { hasText: 'Placement on held-out history' })
    .locator('xpath=following-sibling::p');
  t.regex((await note.textContent()) ?? '', /Judged on groups of 3 whole copies, any 1 of which serves\.$/u);
  const heldOut = view.plan!.heldOut.map(({ policy }) => ({
    policy,
    unavailableShare: 0,
    unavailableShareBusiness: 0,
  }));
  change({ ...view, plan: { ...view.plan!, heldOut } });
  await note.filter({ hasText: 'No policy missed an hour: this week decides nothing.' }).waitFor();
});

pageTest('at the width of a small desktop the whole table of drives is seen, up to its state', async (t) => {
  const view = fleetView();
  const [own, ...others] = view.drives;
  // As many machines as are waited for at once.
  const pending = { ...own!.pending!, waitsFor: ['reception-1', 'reception-2', 'workshop-11', 'hall-3'] };
  const { page } = await show(
    t,
    { ...view, drives: [{ ...own!, pending }, ...others] },
    { widthPixels: 1280 },
  );
  const widths: unknown = await page.evaluate(`(() => {
    const box = [...document.querySelectorAll('caption')].find((one) => one.textContent.startsWith('Drives')).closest('.scroll');
    return [box.scrollWidth, box.clientWidth];
  })()`);
  const [needed, there] = widths as [number, number];
  t.true(there > 0);
  t.true(needed <= there, `${needed} pixels in ${there}`);
});
