// Tables and small pieces of page, made of text nodes only: names come from peers and are never read as HTML. A table is
// sorted, searched and paged by its reader, and stays so over live updates.

export type Cell =
  | string
  | {
      readonly text: string;
      readonly kind: 'number' | 'state' | 'level' | 'words' | 'prose';
      /** What colours a state or level, where it is not the text. */
      readonly value?: string;
      /** What the column is sorted by, where it is not the text. */
      readonly order?: number;
    };

export function element(
  tag: string,
  text = '',
  attributes: Readonly<Record<string, string>> = {},
): HTMLElement {
  const made = document.createElement(tag);
  if (text !== '') made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** Text in which what stands between backticks is code: commands to type. */
export const withCode = (text: string): readonly (string | HTMLElement)[] =>
  text.split(/`([^`]+)`/u).map((part, index) => (index % 2 === 0 ? part : element('code', part)));

/** An element with such text. */
export function prose(
  tag: string,
  text: string,
  attributes: Readonly<Record<string, string>> = {},
): HTMLElement {
  const made = element(tag, '', attributes);
  made.append(...withCode(text));
  return made;
}

const controls = 'button, select, summary, input';

/** What names a control over redraws: its key, its words for those who cannot see it, or what it says. */
const nameOf = (control: HTMLElement): string =>
  control.dataset['key'] ??
  control.parentElement?.dataset['key'] ??
  control.getAttribute('aria-label') ??
  control.textContent;

/** New content in place of the old. The keyboard stays where its reader left it: on the same control or, where that is off now, on the one beside it. */
export function replaceContent(place: HTMLElement, content: readonly HTMLElement[]): void {
  const focused = document.activeElement;
  const left = focused instanceof HTMLElement && place.contains(focused) ? focused : undefined;
  const name = left === undefined ? '' : nameOf(left);
  place.replaceChildren(...content);
  if (left === undefined) return;
  const same = place.contains(left)
    ? left
    : [...place.querySelectorAll<HTMLElement>(controls)].find(
        (control) => control.tagName === left.tagName && nameOf(control) === name,
      );
  const isOff = same?.matches(':disabled') === true;
  const next = isOff ? same.parentElement?.querySelector<HTMLElement>('button:enabled') : same;
  next?.focus({ preventScroll: true });
}

const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text);

function cellOf(cell: Cell): HTMLElement {
  if (typeof cell === 'string')
    return element('td', cell, cell.length > unbrokenLettersMax ? { class: 'long' } : {});
  if (cell.kind === 'number' || cell.kind === 'words') return element('td', cell.text, { class: cell.kind });
  if (cell.kind === 'prose') return prose('td', cell.text, { class: 'words' });
  const outer = element('td');
  outer.append(
    element('span', cell.text, { class: cell.kind, [`data-${cell.kind}`]: cell.value ?? cell.text }),
  );
  return outer;
}

export interface TableParts {
  /** Names the table over updates. */
  readonly key: string;
  readonly caption: string;
  readonly head: readonly Cell[];
  readonly rows: readonly (readonly Cell[])[];
}

const rowsPerPage = 50;
/** Fewer rows are found by looking. */
const searchedRowsMin = 16;
const outlinePixels = 4;
/** Longer names and paths break over lines: the first column stays in sight, and would cover all others. */
const unbrokenLettersMax = 32;

const numberOf = (cell: Cell): number | undefined =>
  typeof cell === 'string' ? undefined : (cell.order ?? undefined);

function compareCells(a: Cell, b: Cell): number {
  const [left, right] = [numberOf(a), numberOf(b)];
  if (left !== undefined && right !== undefined) return left - right;
  return textOf(a).localeCompare(textOf(b), undefined, { numeric: true });
}

class ReaderTable {
  readonly holder = element('div', '', { class: 'table' });
  readonly #scroll = element('div', '', { class: 'scroll', tabindex: '0', role: 'region' });
  readonly #caption = element('caption');
  readonly #head = element('tr');
  readonly #body = element('tbody');
  readonly #search = element('input', '', { type: 'search', placeholder: 'Search' }) as HTMLInputElement;
  readonly #pager = element('div', '', { class: 'pager' });
  #parts: TableParts;
  #sorted: { readonly column: number; readonly sign: 1 | -1 } | undefined;
  #page = 0;

  constructor(parts: TableParts) {
    this.#parts = parts;
    const grid = element('table');
    const head = element('thead');
    head.append(this.#head);
    grid.append(this.#caption, head, this.#body);
    this.#scroll.append(grid);
    this.#search.addEventListener('input', () => {
      this.#page = 0;
      this.#draw();
    });
    this.holder.append(this.#search, this.#scroll, this.#pager);
    this.#drawHead();
    this.#keepClear();
  }

  show(parts: TableParts): HTMLElement {
    this.#parts = parts;
    this.#draw();
    return this.holder;
  }

  /** What the keyboard leads to is not under the first column, which stays in sight, nor its outline. */
  #keepClear(): void {
    const first = this.#head.firstElementChild;
    if (first === null) return;
    const observer = new ResizeObserver(() => {
      this.#scroll.style.scrollPaddingLeft = `${first.clientWidth + outlinePixels}px`;
    });
    observer.observe(first);
  }

  #drawHead(): void {
    for (const [column, cell] of this.#parts.head.entries()) {
      const made = element('th', '', { scope: 'col' });
      if (typeof cell !== 'string') made.className = cell.kind;
      const button = element('button', textOf(cell), { type: 'button' });
      button.addEventListener('click', () => this.#sortBy(column));
      // A browser leaves alone what is half in sight; a click would miss what moves away under it.
      button.addEventListener('focus', () => {
        if (button.matches(':focus-visible')) button.scrollIntoView({ block: 'nearest', inline: 'nearest' });
      });
      made.append(button);
      this.#head.append(made);
    }
  }

  #sortBy(column: number): void {
    this.#page = 0;
    const again = this.#sorted?.column === column;
    this.#sorted = { column, sign: again && this.#sorted?.sign === 1 ? -1 : 1 };
    for (const [index, cell] of [...this.#head.children].entries())
      if (index === column)
        cell.setAttribute('aria-sort', this.#sorted.sign === 1 ? 'ascending' : 'descending');
      else cell.removeAttribute('aria-sort');
    this.#draw();
  }

  #rows(): readonly (readonly Cell[])[] {
    const words = this.#search.value.trim().toLowerCase();
    const found =
      words === ''
        ? this.#parts.rows
        : this.#parts.rows.filter((row) => row.some((cell) => textOf(cell).toLowerCase().includes(words)));
    if (this.#sorted === undefined) return found;
    const { column, sign } = this.#sorted;
    return found.toSorted((a, b) => sign * compareCells(a[column] ?? '', b[column] ?? ''));
  }

  #draw(): void {
    const rows = this.#rows();
    const pageCount = Math.max(1, Math.ceil(rows.length / rowsPerPage));
    this.#page = Math.min(this.#page, pageCount - 1);
    const from = this.#page * rowsPerPage;
    this.#search.hidden = this.#parts.rows.length < searchedRowsMin;
    this.#search.setAttribute('aria-label', `Search in: ${this.#parts.caption}`);
    this.#scroll.setAttribute('aria-label', this.#parts.caption);
    this.#caption.textContent = this.#parts.caption;
    this.#body.replaceChildren(...rows.slice(from, from + rowsPerPage).map(lineOf));
    if (rows.length === 0) this.#body.append(this.#nothing());
    const turn = (by: number): void => {
      this.#page += by;
      this.#scroll.scrollTop = 0;
      this.#draw();
    };
    replaceContent(this.#pager, pagerOf({ from, size: rowsPerPage, count: rows.length, what: 'rows', turn }));
  }

  #nothing(): HTMLElement {
    const line = element('tr');
    const { length } = this.#parts.rows;
    line.append(
      element('td', length === 0 ? 'No rows.' : `None of the ${length} rows has these words.`, {
        colspan: String(this.#parts.head.length),
      }),
    );
    return line;
  }
}

function lineOf(row: readonly Cell[]): HTMLElement {
  const line = element('tr');
  line.append(...row.map(cellOf));
  return line;
}

/** "51–100 of 320 rows" between two buttons; nothing where all fits. */
export function pagerOf(parts: {
  readonly from: number;
  readonly size: number;
  readonly count: number;
  readonly what: string;
  readonly turn: (by: -1 | 1) => void;
}): readonly HTMLElement[] {
  const { from, size, count, what, turn } = parts;
  if (count <= size) return [];
  const step = (text: string, by: -1 | 1): HTMLElement => {
    const made = element('button', text, { type: 'button', 'aria-label': `${text} ${what}` });
    made.toggleAttribute('disabled', by < 0 ? from === 0 : from + size >= count);
    made.addEventListener('click', () => turn(by));
    return made;
  };
  const last = Math.min(count, from + size);
  return [step('Earlier', -1), element('span', `${from + 1}–${last} of ${count} ${what}`), step('Later', 1)];
}

const tables = new Map<string, ReaderTable>();

/** The table of that key with new rows: its reader's order, search and page stay. */
export function table(parts: TableParts): HTMLElement {
  const known = tables.get(parts.key) ?? new ReaderTable(parts);
  tables.set(parts.key, known);
  return known.show(parts);
}

/** The same under a heading that opens and closes; it keeps its state over updates. */
export function folded(key: string, label: string, content: HTMLElement): HTMLElement {
  const details = element('details', '', { 'data-key': key });
  details.append(element('summary', label), content);
  return details;
}
