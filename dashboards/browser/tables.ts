// Tables and small pieces of page, made of text nodes only: names come from peers and are never read as HTML.

export type Cell =
  | string
  | { readonly text: string; readonly kind: 'number' | 'state' | 'level'; readonly value?: string };

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

function cellOf(tag: 'td' | 'th', cell: Cell): HTMLElement {
  if (typeof cell === 'string') return element(tag, cell);
  if (cell.kind === 'number') return element(tag, cell.text, { class: 'number' });
  const outer = element(tag);
  outer.append(
    element('span', cell.text, { class: cell.kind, [`data-${cell.kind}`]: cell.value ?? cell.text }),
  );
  return outer;
}

export interface TableParts {
  readonly caption: string;
  readonly head: readonly Cell[];
  readonly rows: readonly (readonly Cell[])[];
}

const rowsMax = 500;

/** A table that scrolls inside its place; the first 500 rows, and it says when there are more. */
export function table({ caption, head, rows }: TableParts): HTMLElement {
  const outer = element('div', '', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption });
  const inner = element('table');
  const more = rows.length > rowsMax ? ` (the first ${rowsMax} of ${rows.length})` : '';
  inner.append(element('caption', caption + more));
  const headRow = element('tr');
  for (const cell of head) {
    const made = cellOf('th', cell);
    made.setAttribute('scope', 'col');
    headRow.append(made);
  }
  const thead = element('thead');
  thead.append(headRow);
  const body = element('tbody');
  for (const row of rows.slice(0, rowsMax)) {
    const line = element('tr');
    line.append(...row.map((cell) => cellOf('td', cell)));
    body.append(line);
  }
  inner.append(thead, body);
  outer.append(inner);
  return outer;
}

/** The same under a heading that opens and closes; it keeps its state over updates. */
export function folded(key: string, label: string, content: HTMLElement): HTMLElement {
  const details = element('details', '', { 'data-key': key });
  details.append(element('summary', label), content);
  return details;
}
