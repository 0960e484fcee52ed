// The files of the page: read when they are asked for the first time, kept from then on. A fixed list; no path of a request ever
// reaches the file system.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Reply } from './reply.ts';

/** Beside this file, or beside the bundle that it is a part of: the build copies them. */
const own = (name: string) => path.join(import.meta.dirname, 'page', name);
const uplot = (name: string) => createRequire(import.meta.url).resolve(`uplot/dist/${name}`);

const script = 'text/javascript; charset=utf-8';
const style = 'text/css; charset=utf-8';

const files: Readonly<Record<string, { readonly type: string; readonly file: () => string }>> = {
  '/': { type: 'text/html; charset=utf-8', file: () => own('page.html') },
  '/icon.svg': { type: 'image/svg+xml', file: () => own('icon.svg') },
  ...ours('css', style, ['page', 'figures', 'charts', 'lists']),
  ...ours('js', script, [
    'main',
    'stream',
    'history',
    'charts',
    'chart-plugins',
    'figures',
    'lists',
    'gateway-card',
    'tables',
    'words',
  ]),
  '/uplot.js': { type: script, file: () => uplot('uPlot.esm.js') },
  '/uplot.css': { type: style, file: () => uplot('uPlot.min.css') },
};

function ours(extension: string, type: string, names: readonly string[]) {
  const entries = names.map((name) => [
    `/${name}.${extension}`,
    { type, file: () => own(`${name}.${extension}`) },
  ]);
  return Object.fromEntries(entries) as Record<string, { type: string; file: () => string }>;
}

const kept = new Map<string, Promise<Reply>>();

/** The file of a path, or null. */
export function pageFile(name: string): Promise<Reply> | null {
  const found = Object.hasOwn(files, name) ? files[name] : undefined;
  if (found === undefined) return null;
  const reply =
    kept.get(name) ??
    readFile(found.file()).then((body): Reply => ({ kind: 'reply', status: 200, type: found.type, body }));
  kept.set(name, reply);
  reply.catch(() => kept.delete(name));
  return reply;
}
