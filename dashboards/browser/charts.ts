// The charts of the page, one canvas each, kept over updates so that nothing flickers. Every chart has a table beside it.

import { element } from './tables.ts';

interface ChartLike {
  data: unknown;
  options: unknown;
  update(mode?: string): void;
}

declare const Chart: (new (canvas: HTMLCanvasElement, configuration: object) => ChartLike) & {
  defaults: {
    color: string;
    borderColor: string;
    animation: boolean;
    font: { family: string };
    maintainAspectRatio: boolean;
  };
};

const charts = new Map<string, { readonly holder: HTMLElement; readonly chart: ChartLike }>();

const colourOf = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Colours of the reader's scheme; called again when it changes. */
export function useScheme(): void {
  Chart.defaults.color = colourOf('--soft');
  Chart.defaults.borderColor = colourOf('--line');
  Chart.defaults.animation = false;
  Chart.defaults.font.family = 'system-ui, sans-serif';
  Chart.defaults.maintainAspectRatio = false;
}

/** Forgets all charts, so that the next update draws them anew. */
export function dropCharts(): void {
  charts.clear();
}

export interface ChartParts {
  readonly key: string;
  /** What the chart shows, in a sentence, for those who cannot see it. */
  readonly label: string;
  readonly height: number;
  readonly configuration: { readonly type: string; readonly data: unknown; readonly options: unknown };
}

/** The chart's place on the page: the one of before with new data, or a new one. */
export function chart({ key, label, height, configuration }: ChartParts): HTMLElement {
  const known = charts.get(key);
  if (known !== undefined) {
    known.chart.data = configuration.data;
    known.chart.options = configuration.options;
    known.holder.style.height = `${height}px`;
    known.holder.firstElementChild?.setAttribute('aria-label', label);
    // Drawn when it is back in the page: its size is known only then.
    queueMicrotask(() => known.chart.update('none'));
    return known.holder;
  }
  const holder = element('div', '', { class: 'chart', 'data-chart': key });
  const canvas = element('canvas', '', { role: 'img', 'aria-label': label }) as HTMLCanvasElement;
  holder.style.height = `${height}px`;
  holder.append(canvas);
  queueMicrotask(() => charts.set(key, { holder, chart: new Chart(canvas, configuration) }));
  return holder;
}

/** Horizontal bars of several series over named rows. */
export function bars(parts: {
  readonly key: string;
  readonly label: string;
  readonly rows: readonly string[];
  readonly series: readonly {
    readonly name: string;
    readonly values: readonly number[];
    readonly colour: string;
  }[];
  readonly axis: string;
  readonly stacked?: 'stacked' | 'side by side';
}): HTMLElement {
  const isStacked = parts.stacked === 'stacked';
  const perRow = isStacked ? 20 : 8 + 10 * parts.series.length;
  return chart({
    key: parts.key,
    label: parts.label,
    height: Math.max(140, 70 + perRow * parts.rows.length),
    configuration: {
      type: 'bar',
      data: {
        labels: parts.rows,
        datasets: parts.series.map(({ name, values, colour }) => ({
          label: name,
          data: values,
          backgroundColor: colour,
          borderRadius: 2,
        })),
      },
      options: {
        indexAxis: 'y',
        maintainAspectRatio: false,
        plugins: {
          legend: {
            display: parts.series.length > 1,
            position: 'top',
            align: 'start',
            labels: { boxWidth: 12 },
          },
        },
        scales: {
          x: { stacked: isStacked, beginAtZero: true, title: { display: true, text: parts.axis } },
          y: { stacked: isStacked, ticks: { autoSkip: false } },
        },
      },
    },
  });
}

export interface MatrixCell {
  readonly x: string;
  readonly y: string;
  readonly colour: string;
  readonly text: string;
}

/** Machines × groups, one square each, coloured by domain; the tooltip says what the colour says. */
export function matrix(parts: {
  readonly key: string;
  readonly label: string;
  readonly columns: readonly string[];
  readonly rows: readonly string[];
  readonly cells: readonly MatrixCell[];
}): HTMLElement {
  const { columns, rows, cells } = parts;
  interface Area {
    readonly chart: { readonly chartArea?: { readonly width: number; readonly height: number } };
  }
  return chart({
    key: parts.key,
    label: parts.label,
    height: Math.min(2400, 90 + 24 * rows.length),
    configuration: {
      type: 'matrix',
      data: {
        datasets: [
          {
            label: 'placement',
            data: cells.map(({ x, y, colour, text }) => ({ x, y, colour, text })),
            backgroundColor: ({ raw }: { readonly raw?: MatrixCell }) => raw?.colour ?? 'transparent',
            width: ({ chart: drawn }: Area) =>
              Math.max(2, (drawn.chartArea?.width ?? 0) / columns.length - 3),
            height: ({ chart: drawn }: Area) => Math.max(2, (drawn.chartArea?.height ?? 0) / rows.length - 3),
          },
        ],
      },
      options: {
        maintainAspectRatio: false,
        plugins: {
          legend: { display: false },
          tooltip: {
            callbacks: { title: () => '', label: ({ raw }: { readonly raw: MatrixCell }) => raw.text },
          },
        },
        scales: {
          x: {
            type: 'category',
            labels: columns,
            offset: true,
            grid: { display: false },
            ticks: { maxRotation: 60, autoSkip: columns.length > 60 },
          },
          y: {
            type: 'category',
            labels: rows,
            offset: true,
            grid: { display: false },
            ticks: { autoSkip: rows.length > 80 },
          },
        },
      },
    },
  });
}
