// What Prometheus is told to scrape.

import test from 'ava';
import { scrapeConfig } from '../../cli/commands/metrics.ts';

test('the configuration names the port of now, and how it stays the same', (t) => {
  const text = scrapeConfig({
    metricsUrl: 'http://127.0.0.1:4711/metrics',
    metricsTokenFile: '/home/a/token',
  });
  const [first, ...lines] = text.split('\n');
  t.regex(first!, /^# .*drey up --dashboard-port 9464$/u);
  t.is(lines[0], 'scrape_configs:');
  t.is(lines.at(-1), '      - targets: ["127.0.0.1:4711"]');
});
