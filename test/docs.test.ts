// What the documentation names is there: links and their headings, npm scripts, flags, commands, variables.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ingesterFlags } from '../apps/ingester/config.ts';
import { relayerFlags } from '../apps/relayer/config.ts';
import { sandboxFlags } from '../scripts/sandbox/config.ts';
import { projectRoot, spawnNode } from './helpers.ts';

const pages = ['README.md', 'SECURITY.md', 'examples/orders/README.md', ...namesIn('docs')].map((name) => ({
  name,
  text: readFileSync(path.join(projectRoot, name), 'utf8'),
}));

function namesIn(folder: string): string[] {
  const names = readdirSync(path.join(projectRoot, folder));
  return names.filter((name) => name.endsWith('.md')).map((name) => `${folder}/${name}`);
}

/** GitHub's name for a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

function anchorsIn(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

/** Every match in every page, as "page: match". */
function found(pattern: RegExp): { readonly page: string; readonly parts: readonly string[] }[] {
  return pages.flatMap(({ name, text }) =>
    [...text.matchAll(pattern)].map((match) => ({ page: name, parts: match.slice(1).map(String) })),
  );
}

test('every link leads somewhere, to a heading that is there', () => {
  const links = found(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g);
  expect(links.length).toBeGreaterThan(20);
  const broken = links.filter(({ page, parts: [target = '', anchor = 'undefined'] }) => {
    const file = target === '' ? page : path.posix.join(path.posix.dirname(page), target);
    const absolute = path.join(projectRoot, file);
    if (!existsSync(absolute)) return true;
    return anchor !== 'undefined' && !anchorsIn(readFileSync(absolute, 'utf8')).includes(anchor);
  });
  expect(broken).toEqual([]);
});

test('every npm script is one of package.json', () => {
  const own = scriptsOf('package.json');
  const example = scriptsOf('examples/orders/package.json');
  const named = found(/npm run ([a-z][\w:-]*)/g);
  expect(named.length).toBeGreaterThan(20);
  const unknown = named.filter(({ page, parts: [script = ''] }) => {
    const scripts = page.startsWith('examples/') ? example : own;
    return !scripts.includes(script);
  });
  expect(unknown).toEqual([]);
});

function scriptsOf(file: string): string[] {
  return Object.keys(JSON.parse(readFileSync(path.join(projectRoot, file), 'utf8')).scripts);
}

describe('every flag of', () => {
  test.each([
    ['the relayer', /(?:npm run relay --|npx outbox-relayer)([^\n`#]*)/g, relayerFlags],
    ['the ingester', /npm run ingest --([^\n`#]*)/g, ingesterFlags],
    ['the sandbox', /(?:npm run sandbox --|npx outbox-sandbox)([^\n`#]*)/g, sandboxFlags],
  ])('%s is defined', (_, pattern, flags) => {
    const named = found(pattern).flatMap(({ parts: [args = ''] }) => args.match(/--[a-z-]+/g) ?? []);
    expect(named.length).toBeGreaterThan(0);
    const known = ['--help', ...Object.keys(flags).map((name) => `--${name}`)];
    expect(named.filter((flag) => !known.includes(flag))).toEqual([]);
  });
});

test('what a supervisor is told to run is one of the bins, by a path that is the same for every package manager', () => {
  const bins: readonly unknown[] = Object.values(
    JSON.parse(readFileSync(path.join(projectRoot, 'package.json'), 'utf8')).bin,
  );
  const named = found(/node_modules\/(transactional-outbox\/[^\s'"`]+|\.bin\/[^\s'"`]+)/g);
  expect(named.length).toBeGreaterThanOrEqual(3);
  const run = named.map(({ parts: [file = ''] }) => file.replace('transactional-outbox/', ''));
  expect(run.filter((file) => !bins.includes(file))).toEqual([]);
});

test("every command of the operator's command line is one that it lists", async () => {
  const help = spawnNode(path.join(projectRoot, 'build', 'scripts', 'outbox', 'main.js'), ['--help']);
  expect(await help.exited).toBe(0);
  const known = [...help.stdout.matchAll(/^ {2}npm run outbox -- ([a-z]+)/gm)].map(([, name]) => name);
  const named = found(/(?:npm run outbox --|npx outbox) ([a-z]+)/g);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter(({ parts: [name] }) => !known.includes(name))).toEqual([]);
});

test('every variable is one that something reads', () => {
  const sources = ['apps', 'scripts', 'test']
    .flatMap(codeIn)
    .filter((file) => !file.endsWith('docs.test.ts'));
  const code = ['ecosystem.config.js', ...sources]
    .map((file) => readFileSync(path.join(projectRoot, file), 'utf8'))
    .join('\n');
  const named = found(/\b((?:RELAYER|INGESTER|SANDBOX|CONVOY|OUTBOX)_[A-Z_]*[A-Z])\b/g);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter(({ parts: [name = ''] }) => !new RegExp(`\\b${name}\\b`).test(code))).toEqual([]);
});

function codeIn(folder: string): string[] {
  const names = readdirSync(path.join(projectRoot, folder), { recursive: true }).map(String);
  return names.filter((name) => /\.(ts|mjs)$/.test(name)).map((name) => path.join(folder, name));
}
