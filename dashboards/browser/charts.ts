// The charts of the page, one canvas each, kept over updates so that nothing flickers. Every chart has a table beside it.

import { element } from './tables.ts';

interface ChartLike {
  data: unknown;
  options: unknown;
  update(mode?: string): void;
  resize(width?: number, height?: number): void;
  destroy(): void;
}

declare const Chart: (new (canvas: HTMLCanvasElement, configuration: object) => ChartLike) & {
  defaults: {
    color: string;
    borderColor: string;
    animation: boolean;
    font: { family: string; size: number };
    maintainAspectRatio: boolean;
    responsive: boolean;
  };
};

interface DrawnChart {
  readonly holder: HTMLElement;
  readonly chart: ChartLike;
  readonly heightAt: ChartParts['heightAt'];
}

const charts = new Map<string, DrawnChart>();

const colourOf = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const usualPixels = 12;

/** How much larger than usual charts write, by the reader's browser; on paper, whose text is small, as on the screen before. */
const textScale = (): number => Chart.defaults.font.size / usualPixels;

const browserScale = (): number =>
  (Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16) / 16;

/** Colours and size of text of the reader's choice; called again when the scheme changes. */
export function useScheme(): void {
  Chart.defaults.responsive = true;
  Chart.defaults.font.size = usualPixels * browserScale();
  Chart.defaults.color = colourOf('--soft');
  Chart.defaults.borderColor = colourOf('--line');
  Chart.defaults.animation = false;
  Chart.defaults.font.family = 'system-ui, sans-serif';
  Chart.defaults.maintainAspectRatio = false;
}

/** What a sheet of A4 or letter paper takes in one column. */
const paperPixels = 640;

/** In ink for white paper; charts that are there are drawn anew for it. */
export function usePaper(): void {
  Chart.defaults.responsive = false;
  Chart.defaults.color = '#55615c';
  Chart.defaults.borderColor = '#c4ccc7';
}

/** Paper is narrower than most screens, and nothing measures it for a chart. */
export function fitPaper(): void {
  for (const { holder, chart: drawn, heightAt } of charts.values()) {
    giveHeight(holder, heightAt(paperPixels));
    drawn.resize(paperPixels, holder.clientHeight);
  }
}

/** Ends all charts, so that the next update draws them anew. */
export function dropCharts(): void {
  for (const { chart: drawn } of charts.values()) drawn.destroy();
  charts.clear();
}

export interface ChartParts {
  readonly key: string;
  /** What the chart shows, in a sentence, for those who cannot see it. */
  readonly label: string;
  /** In a chart of that width, where text is of its usual size: names that go over several lines need more. */
  readonly heightAt: (widthPixels: number) => number;
  readonly configuration: {
    readonly type: string;
    readonly data: unknown;
    readonly options: object;
    readonly plugins?: readonly object[];
  };
}

function giveHeight(holder: HTMLElement, height: number): void {
  holder.style.height = `${Math.round(height * textScale())}px`;
}

/** The chart's place on the page: the one of before with new data, or a new one. */
export function chart({ key, label, heightAt, configuration }: ChartParts): HTMLElement {
  const known = charts.get(key);
  const onResize = (_: ChartLike, { width }: { readonly width: number }): void => {
    const drawn = charts.get(key);
    if (drawn !== undefined) giveHeight(drawn.holder, drawn.heightAt(width));
  };
  const options = { ...configuration.options, onResize };
  if (known !== undefined) {
    known.chart.data = configuration.data;
    known.chart.options = options;
    known.holder.firstElementChild?.setAttribute('aria-label', label);
    charts.set(key, { ...known, heightAt });
    // Drawn when it is back in the page: its size is known only then.
    queueMicrotask(() => {
      giveHeight(known.holder, heightAt(known.holder.clientWidth));
      known.chart.update('none');
    });
    return known.holder;
  }
  const holder = element('div', '', { class: 'chart', 'data-chart': key });
  const canvas = element('canvas', '', { role: 'img', 'aria-label': label }) as HTMLCanvasElement;
  holder.append(canvas);
  queueMicrotask(() => {
    giveHeight(holder, heightAt(holder.clientWidth));
    charts.set(key, { holder, chart: new Chart(canvas, { ...configuration, options }), heightAt });
  });
  return holder;
}

/** A line of a chart's small print, where text is of its usual size. */
const linePixels = 15;

/** Letters of it are about so wide. */
const letterPixels = (): number => 7 * textScale();

const segments = new Intl.Segmenter();

/** A long name without its middle: names of one fleet often begin alike, and differ in their ends. */
function shortened(text: string, lettersMax: number): string {
  const letters = Array.from(segments.segment(text), ({ segment }) => segment);
  if (letters.length <= lettersMax) return text;
  const head = letters.slice(0, Math.ceil((lettersMax - 1) / 2));
  return `${head.join('')}…${letters.slice(head.length + 1 - lettersMax).join('')}`;
}

/** Words in lines of at most so many letters; one long word is cut short. */
function linesOf(text: string, lettersMax: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= lettersMax)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(shortened(word, lettersMax));
  }
  return lines;
}

interface DrawnScale {
  readonly chart: { readonly width: number };
  getLabelForValue(value: number): string;
}

/** Names of rows take at most two fifths of a chart, its axis most of the rest: on a phone both go over several lines. */
const namesShare = 0.42;
const namesLettersMax = (width: number): number =>
  Math.max(8, Math.floor((namesShare * width) / letterPixels()));
const axisLettersMax = (width: number): number => Math.max(16, Math.floor((width - 130) / letterPixels()));

const scalesOf = (axis: string): object => ({
  x: {
    beginAtZero: true,
    title: {
      display: true,
      text: ({ chart: { width } }: DrawnScale) => linesOf(axis, axisLettersMax(width)),
    },
  },
  y: {
    grid: { display: false },
    ticks: {
      autoSkip: false,
      callback(this: DrawnScale, value: number) {
        return linesOf(this.getLabelForValue(value), namesLettersMax(this.chart.width));
      },
    },
  },
});

/** Horizontal bars of several series over named rows. */
export function bars(parts: {
  readonly key: string;
  readonly label: string;
  readonly rows: readonly string[];
  readonly series: readonly {
    readonly name: string;
    readonly values: readonly number[];
    readonly colour: string | readonly string[];
  }[];
  readonly axis: string;
}): HTMLElement {
  const { rows, series, axis } = parts;
  const heightAt = (width: number): number => {
    const linesMax = Math.max(1, ...rows.map((row) => linesOf(row, namesLettersMax(width)).length));
    const rowPixels = Math.max(22, 8 + 9 * series.length, 6 + linePixels * linesMax);
    const axisPixels = linePixels * linesOf(axis, axisLettersMax(width)).length;
    return (series.length > 1 ? 78 : 48) + axisPixels + rowPixels * rows.length;
  };
  return chart({
    key: parts.key,
    label: parts.label,
    heightAt,
    configuration: {
      type: 'bar',
      data: {
        labels: rows,
        datasets: series.map(({ name, values, colour }) => ({
          label: name,
          data: values,
          backgroundColor: colour,
          borderRadius: 2,
          maxBarThickness: 16,
        })),
      },
      options: {
        indexAxis: 'y',
        maintainAspectRatio: false,
        plugins: {
          legend: {
            display: series.length > 1,
            position: 'top',
            align: 'start',
            labels: { boxWidth: 12 },
          },
        },
        scales: scalesOf(axis),
      },
    },
  });
}

export interface MatrixCell {
  readonly x: string;
  /** The id of its row. */
  readonly y: string;
  readonly colour: string;
  /** Written into the square where it fits, so that colour is not alone. */
  readonly mark: string;
  readonly text: string;
}

interface DrawnMatrix {
  readonly ctx: CanvasRenderingContext2D;
  readonly data: { readonly datasets: readonly [{ readonly data: readonly MatrixCell[] }] };
  getDatasetMeta(index: number): {
    readonly data: readonly {
      readonly width: number;
      readonly height: number;
      getCenterPoint(): { readonly x: number; readonly y: number };
    }[];
  };
}

/** Writes each square's mark into it. */
const marks = {
  id: 'marks',
  afterDatasetsDraw(drawn: DrawnMatrix): void {
    const { ctx, data } = drawn;
    ctx.save();
    const pixels = 11 * textScale();
    ctx.font = `600 ${pixels}px system-ui, sans-serif`;
    ctx.textAlign = 'center';
    ctx.textBaseline = 'middle';
    ctx.fillStyle = '#ffffff';
    for (const [index, square] of drawn.getDatasetMeta(0).data.entries()) {
      const mark = data.datasets[0].data[index]?.mark ?? '';
      const { x, y } = square.getCenterPoint();
      if (ctx.measureText(mark).width + 2 <= square.width && square.height >= pixels)
        ctx.fillText(mark, x, y);
    }
    ctx.restore();
  },
};

/** A long name is cut, the mark behind it is not. The name is isolated (UAX #9), so that the mark follows also one that is read from the right. */
function rowLabel({ name, mark }: MatrixRow, lettersMax: number): string {
  const tail = ` · ${mark}`;
  return `\u2068${shortened(name, Math.max(nameLettersMin, lettersMax - tail.length))}\u2069${tail}`;
}

/** Shorter names tell nobody apart. */
const nameLettersMin = 7;
/** A column that takes a mark of two digits. */
const columnPixels = 20;

/** Columns of a matrix in a section beside names of so many letters, so wide that marks can be read; on paper by the sheet. */
export function matrixColumnsMax(section: HTMLElement | null, lettersMax: number): number {
  const isOnPaper = !Chart.defaults.responsive;
  const width = isOnPaper || section === null ? paperPixels : section.clientWidth - 2 * sectionPadding();
  const namesPixels = letterPixels() * Math.min(lettersMax, namesLettersMax(width));
  return Math.max(4, Math.floor((width - namesPixels) / (columnPixels * textScale())));
}

/** `page.css` says so. */
const sectionPadding = (): number => 17.6 * textScale();

/** A square's side: its share of the chart, less a gap. */
const sideOf = (pixels: number | undefined, count: number): number => Math.max(2, (pixels ?? 0) / count - 2);

const categories = (labels: readonly string[]): object => ({
  type: 'category',
  labels,
  offset: true,
  grid: { display: labels.length > 15 },
  border: { display: false },
});

interface Area {
  readonly chart: { readonly chartArea?: { readonly width: number; readonly height: number } };
}

/** A row's name may be another's too; its id is not. The mark stands behind the name. */
export interface MatrixRow {
  readonly id: string;
  readonly name: string;
  readonly mark: string;
}

/** Machines × groups, one square each, coloured by domain; the tooltip says what the colour says. */
export function matrix(parts: {
  readonly key: string;
  readonly label: string;
  readonly columns: readonly string[];
  readonly rows: readonly MatrixRow[];
  readonly cells: readonly MatrixCell[];
}): HTMLElement {
  const { columns, rows, cells } = parts;
  return chart({
    key: parts.key,
    label: parts.label,
    heightAt: () => 70 + 22 * rows.length,
    configuration: {
      type: 'matrix',
      data: {
        datasets: [
          {
            label: 'placement',
            data: [...cells],
            backgroundColor: ({ raw }: { readonly raw?: MatrixCell }) => raw?.colour ?? 'transparent',
            borderRadius: 3,
            width: ({ chart: drawn }: Area) => sideOf(drawn.chartArea?.width, columns.length),
            height: ({ chart: drawn }: Area) => sideOf(drawn.chartArea?.height, rows.length),
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
          x: { ...categories(columns), ticks: { maxRotation: 60, autoSkip: true } },
          // The matrix type turns category axes over; the first machine belongs on top.
          y: {
            ...categories(rows.map(({ id }) => id)),
            reverse: false,
            ticks: {
              autoSkip: false,
              callback(this: DrawnScale, value: number) {
                const row = rows[value];
                return row === undefined ? '' : rowLabel(row, namesLettersMax(this.chart.width));
              },
            },
          },
        },
      },
      plugins: [marks],
    },
  });
}
