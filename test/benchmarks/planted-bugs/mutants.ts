// Small changes of a source text, each wrong in its own way: what a slip of the hand could have left there (DeMillo, Lipton and Sayward, "Hints on
// test data selection", 1978). Each is a planted bug: a place that stands once in its file, and what stands there instead.

import { stripTypeScriptTypes } from 'node:module';
import { type Node, parse } from 'acorn';
import { full } from 'acorn-walk';
import type { PlantedBug } from './planted-bug.ts';

/** A stretch of the text, and what stands there instead. */
interface Change {
  readonly start: number;
  readonly end: number;
  readonly about: string;
  readonly replace: string;
}

const otherOperators: Readonly<Record<string, string>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '+': '-',
  '-': '+',
};

/** All changes of one kind each: conditions that always or never hold, one side of a condition, another operator, a step or a result left out. */
export function mutantsOf(file: string, text: string): readonly PlantedBug[] {
  // Types become blanks, so that places stay.
  const plain = stripTypeScriptTypes(text);
  const changes: Change[] = [];
  full(parse(plain, { ecmaVersion: 'latest', sourceType: 'module' }), (node) => {
    for (const change of changesOf(node, (part) => plain.slice(part.start, part.end)))
      changes.push({ start: node.start, end: node.end, ...change });
  });
  return changes.map((change) => bugOf(file, text, change));
}

type Part = Pick<Node, 'start' | 'end'>;
type Found = Pick<Change, 'about' | 'replace'> & Partial<Part>;

/** The nodes of the parser are named by their type only. */
type AnyNode = Node &
  Record<'test' | 'left' | 'right' | 'consequent' | 'alternate' | 'argument', Part> & {
    readonly operator: string;
    readonly expression: Node;
  };

function changesOf(node: Node, textOf: (part: Part) => string): readonly Found[] {
  const { test, left, right, consequent, alternate, argument, operator, expression } = node as AnyNode;
  switch (node.type) {
    case 'IfStatement':
      return ['true', 'false'].map((replace) => ({
        start: test.start,
        end: test.end,
        about: `is always ${replace}`,
        replace,
      }));
    case 'LogicalExpression':
      if (operator === '??') return [];
      return [
        { about: 'only the left side counts', replace: textOf(left) },
        { about: 'only the right side counts', replace: textOf(right) },
      ];
    case 'BinaryExpression': {
      const other = otherOperators[operator];
      if (other === undefined) return [];
      return [{ about: `${other} for ${operator}`, replace: `${textOf(left)} ${other} ${textOf(right)}` }];
    }
    case 'ConditionalExpression':
      return [
        { about: 'always the first', replace: textOf(consequent) },
        { about: 'always the second', replace: textOf(alternate) },
      ];
    case 'UnaryExpression':
      return operator === '!' ? [{ about: 'not negated', replace: textOf(argument) }] : [];
    case 'ExpressionStatement':
      return expression.type === 'Literal' ? [] : [{ about: 'left out', replace: ';' }];
    case 'ReturnStatement': {
      const isList = (argument as Node | null)?.type === 'ArrayExpression' && textOf(argument) !== '[]';
      return isList ? [{ about: 'nothing is returned', replace: 'return [];' }] : [];
    }
    default:
      return [];
  }
}

/** With as much of the text around it as makes the place stand once. */
function bugOf(file: string, text: string, { start, end, about, replace }: Change): PlantedBug {
  let [from, to] = [start, end];
  while (text.indexOf(text.slice(from, to)) !== text.lastIndexOf(text.slice(from, to))) {
    from = Math.max(0, from - 1);
    to = Math.min(text.length, to + 1);
  }
  const line = text.slice(0, start).split('\n').length;
  const was = text.slice(start, end).replaceAll(/\s+/gu, ' ');
  return {
    name: `${file}:${line}`,
    about: `\`${was}\` ${about}`,
    file,
    find: text.slice(from, to),
    replace: text.slice(from, start) + replace + text.slice(end, to),
  };
}
