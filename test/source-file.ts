// A source file as the house rules look at it: its text, its imports, and its syntax tree. It judges nothing.
import path from 'node:path';
import { parseAst } from 'vitest/node';

/** A node of the syntax tree: its type, its place in the text, and whatever else it has. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

export interface SourceFile {
  /** Relative to the project, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** A place in a file that something is wrong with. */
export interface Finding {
  readonly line: number;
  readonly what: string;
}

const languages: Readonly<Record<string, 'ts' | 'js'>> = { '.ts': 'ts', '.mjs': 'js', '.js': 'js' };

/** Whether the file is code that can be parsed. */
export function isCode(file: SourceFile): boolean {
  return path.extname(file.path) in languages;
}

/** Calls back for every node of the file, parents before children. */
export function visit(file: SourceFile, callback: (node: SyntaxNode) => void): void {
  const lang = languages[path.extname(file.path)] ?? 'ts';
  visitNode(parseAst(file.text, { lang }), callback);
}

function visitNode(value: unknown, callback: (node: SyntaxNode) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) visitNode(item, callback);
  } else if (isNode(value)) {
    callback(value);
    for (const member of Object.values(value)) visitNode(member, callback);
  }
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** The line of an offset, counted from 1. */
export function lineAt(file: SourceFile, offset: number): number {
  return file.text.slice(0, offset).split('\n').length;
}

export interface Import {
  readonly line: number;
  /** As written: `undici`, `../outbox/log.ts`. */
  readonly specifier: string;
  /** A path in the project for a relative import, else the name of the package. */
  readonly target: string;
}

/** Everything a file imports, by whatever syntax: import, export from, import(), require(), createRequire()(). */
export function importsOf(file: SourceFile): readonly Import[] {
  const imports: Import[] = [];
  visit(file, (node) => {
    const specifier = specifierOf(node);
    if (specifier === null) return;
    const target = specifier.startsWith('.')
      ? path.posix.join(path.posix.dirname(file.path), specifier)
      : packageOf(specifier);
    imports.push({ line: lineAt(file, node.start), specifier, target });
  });
  return imports;
}

function specifierOf(node: SyntaxNode): string | null {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return literal(node.source ?? node.argument);
    case 'CallExpression': {
      const callee = node.callee as SyntaxNode;
      const makesRequire = callee.type === 'CallExpression' && nameOf(callee.callee) === 'createRequire';
      return nameOf(callee) === 'require' || makesRequire ? literal((node.arguments as unknown[])[0]) : null;
    }
    default:
      return null;
  }
}

function literal(node: unknown): string | null {
  return isNode(node) && node.type === 'Literal' && typeof node.value === 'string' ? node.value : null;
}

/** `undici/lib/x.js` is undici, `@prisma/client/runtime` is @prisma/client. */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** `name` of an identifier, `object.property` of a member access, else an empty text. */
export function nameOf(node: unknown): string {
  if (!isNode(node)) return '';
  if (node.type === 'Identifier') return String(node.name);
  return node.type === 'MemberExpression' && node.computed !== true
    ? `${nameOf(node.object)}.${nameOf(node.property)}`
    : '';
}
