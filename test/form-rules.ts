// The house rules about form, as pure functions of one file: lengths, names, comments, and what must not be there.
import { homedir } from 'node:os';
import path from 'node:path';
import { projectRoot } from './helpers.ts';
import type { Rule } from './house-rules.ts';
import {
  type Finding,
  isCode,
  lineAt,
  nameOf,
  type SourceFile,
  type SyntaxNode,
  visit,
} from './source-file.ts';

const longestFile = 200;
const longestFunction = 70;
const bucketName = /^(utils?|helpers?|types?|constants?|common|misc|shared|lib|stuff)\.\w+$/;
const bucketAllowed = 'test/helpers.ts';

export const formRules: readonly Rule[] = [
  {
    name: `a file has at most ${longestFile} lines`,
    check: (file) => {
      const lines = file.text.trimEnd().split('\n').length;
      if (!isCode(file) || lines <= longestFile) return [];
      return [
        { line: lines, what: `has ${lines} lines: it holds more than one idea, give each its own file` },
      ];
    },
  },
  {
    name: `a function has at most ${longestFunction} lines`,
    check: (file) => {
      // A suite of tests is a list in the clothes of a function.
      if (!isCode(file) || file.path.startsWith('test/')) return [];
      return functionsOf(file)
        .filter(({ lines }) => lines > longestFunction)
        .map(({ line, name, lines }) => ({
          line,
          what: `${name} has ${lines} lines: one function decides, the leaves compute; take leaves out`,
        }));
    },
  },
  {
    name: 'a file is named for its idea',
    check: (file) => {
      const name = path.posix.basename(file.path);
      if (!isCode(file) || !bucketName.test(name) || file.path === bucketAllowed) return [];
      return [
        {
          line: 1,
          what: `${name} says nothing: name the file for what it holds, and split what does not belong`,
        },
      ];
    },
  },
  {
    name: 'a file begins with its job',
    check: (file) => {
      // What a file of tests is for, its cases say.
      if (!isCode(file) || file.path.endsWith('.test.ts') || /^(#!.*\n)?\/\/ \S/.test(file.text)) return [];
      return [
        {
          line: 1,
          what: 'starts without a word: say its job, and what it does not do, in two or three comment lines',
        },
      ];
    },
  },
  {
    name: 'nothing is left to be done',
    check: (file) =>
      // Written in halves, so that this file does not accuse itself.
      matches(
        file,
        new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`),
        'do it now, or write it down where people plan',
      ),
  },
  {
    name: 'no value goes without a type',
    check: (file) => {
      if (!isCode(file)) return [];
      const found: Finding[] = [];
      visit(file, (node) => {
        if (node.type !== 'TSAnyKeyword') return;
        found.push({ line: lineAt(file, node.start), what: 'uses any: use unknown and check it' });
      });
      return found;
    },
  },
  {
    name: 'the lock file names no download address',
    check: (file) =>
      path.posix.basename(file.path) === 'package-lock.json'
        ? matches(
            file,
            /"resolved":/,
            'remove it: it binds everybody to one registry (npm config set omit-lockfile-registry-resolved true)',
          )
        : [],
  },
  {
    name: 'no path of a machine stands in the project',
    check: (file) =>
      matches(file, machinePath, 'resolve it when it is needed, or write ~ or a relative path'),
  },
];

/** This checkout, this user's home, and anybody's; `/home/you/` is nobody's. */
const machinePath = new RegExp(
  [projectRoot, ...(homedir().length > 1 ? [`${homedir()}/`] : []), '/(?:home|Users)/(?!you/)[a-z]']
    .map((part, index) => (index < 2 ? part.replaceAll(/[.+?*()[\]{}|\\^$]/g, '\\$&') : part))
    .join('|'),
);

function matches(file: SourceFile, pattern: RegExp, instead: string): Finding[] {
  return file.text.split('\n').flatMap((text, index) => {
    const found = pattern.exec(text);
    return found === null ? [] : [{ line: index + 1, what: `holds ${found[0].trim()}: ${instead}` }];
  });
}

const functionTypes = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];

function functionsOf(file: SourceFile) {
  const functions: { readonly line: number; readonly name: string; readonly lines: number }[] = [];
  visit(file, (node: SyntaxNode) => {
    if (!functionTypes.includes(node.type)) return;
    const line = lineAt(file, node.start);
    functions.push({ line, name: nameOf(node.id) || 'a function', lines: lineAt(file, node.end) - line + 1 });
  });
  return functions;
}
