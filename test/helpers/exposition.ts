// A strict reader of Prometheus' text format 0.0.4 for tests: it throws at whatever a scrape would stumble over.

export interface ExpositionSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Exposition {
  readonly types: ReadonlyMap<string, string>;
  readonly helps: ReadonlyMap<string, string>;
  readonly samples: readonly ExpositionSample[];
}

const sampleForm = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/u;
const labelForm = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/guy;

function labelsOf(text: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  labelForm.lastIndex = 0;
  while (labelForm.lastIndex < text.length) {
    const match = labelForm.exec(text);
    if (match === null) throw new Error(`labels that no scrape reads: ${text}`);
    labels[match[1]!] = match[2]!;
  }
  return labels;
}

/** Throws at a line of no form, a sample without a type before it, a name or a set of labels that comes twice, a value that is no number. */
export function parseExposition(text: string): Exposition {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const [types, helps] = [new Map<string, string>(), new Map<string, string>()];
  const samples: ExpositionSample[] = [];
  const seen = new Set<string>();
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/u.exec(line);
    if (comment !== null) {
      const [, kind, name, rest] = comment;
      const known = kind === 'TYPE' ? types : helps;
      if (known.has(name!)) throw new Error(`${name} is declared twice`);
      known.set(name!, rest!);
      continue;
    }
    const [, name, labelText, valueText] = sampleForm.exec(line) ?? [];
    if (name === undefined) throw new Error(`a line of no form: ${line}`);
    const value = Number(valueText);
    if (!types.has(name) || Number.isNaN(value)) throw new Error(`not declared, or no number: ${line}`);
    const identity = `${name}{${labelText ?? ''}}`;
    if (seen.has(identity)) throw new Error(`${identity} comes twice`);
    seen.add(identity);
    samples.push({ name, labels: labelsOf(labelText ?? ''), value });
  }
  return { types, helps, samples };
}
