// One Chromium per test file, and a page signed in to a dashboard on a made-up view. Says why there is none.

import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { FleetView } from '../../agent/index.ts';
import { createDashboard, type Dashboard } from '../../dashboards/index.ts';

const executablePath = '/usr/bin/chromium';

/** Undefined when the browser is there; otherwise why its tests are skipped. */
export const noBrowser = existsSync(executablePath)
  ? undefined
  : `skipped: ${executablePath} is not installed (apt-get install chromium)`;

/** Headless, and quiet on the network. */
export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

export interface OpenPage {
  readonly page: Page;
  readonly dashboard: Dashboard;
  /** Shows another view and tells the dashboard of it. */
  readonly change: (view: FleetView) => void;
  /** Whatever the browser complained about: scripts refused by the policy, errors, failed requests. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

export interface PageShape {
  readonly scheme?: 'light' | 'dark';
  readonly widthPixels?: number;
}

/** A dashboard on `view`, opened by its one-time address and drawn. */
export async function openPage(browser: Browser, view: FleetView, shape: PageShape = {}): Promise<OpenPage> {
  let shown = view;
  const listeners = new Set<() => void>();
  const dashboard = await createDashboard({
    view: () => shown,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
  const context = await browser.newContext({
    viewport: { width: shape.widthPixels ?? 1280, height: 900 },
    colorScheme: shape.scheme ?? 'light',
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(dashboard.url());
  await page.locator('#fleet-name', { hasText: view.fleetName }).waitFor();
  return {
    page,
    dashboard,
    complaints,
    change: (next) => {
      shown = next;
      for (const listener of listeners) listener();
    },
    close: async () => {
      await context.close();
      await dashboard.close();
    },
  };
}
