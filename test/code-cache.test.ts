import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { projectRoot, tempDirectory } from './helpers.ts';

interface CodeCache {
  readonly compiled: (file: string) => { readonly cachedDataRejected?: boolean };
  readonly writeCaches: (folder: string) => void;
}

const source = path.join(projectRoot, 'scripts/code-cache.cjs');
const { compiled, writeCaches } = createRequire(import.meta.url)(source) as CodeCache;

/** Undefined: it was compiled without a cache. */
const isTaken = (file: string) => compiled(file).cachedDataRejected === false;

describe('a part with its cache', () => {
  test('is not compiled again, and does the same', () => {
    const { file, answer } = partSaying('module.exports = twice(21); function twice(n) { return 2 * n; }');
    expect([isTaken(file), answer()]).toEqual([false, '42']);
    writeCaches(path.dirname(file));
    expect([isTaken(file), answer()]).toEqual([true, '42']);
  });

  test('requires the parts beside it, once, packages, and by import() what is an ES module', () => {
    const { file, answer } = partSaying(`
      module.exports = [require('./other.js')(), require('./other.js')(), require('node:path').sep].join();
      importPackage('node:os').then(({ EOL }) => console.log(typeof EOL));
    `);
    writeFileSync(
      path.join(path.dirname(file), 'other.js'),
      "let n = 0; module.exports = () => 'other ' + ++n;",
    );
    writeCaches(path.dirname(file));
    expect(answer()).toBe('other 1,other 2,/\nstring');
  });
});

describe('a part is compiled as usual', () => {
  test('when its text is another one of the same length', () => {
    const { file, answer } = partSaying('module.exports = "old";');
    writeCaches(path.dirname(file));
    writeFileSync(file, 'module.exports = "new";');
    expect([isTaken(file), answer()]).toEqual([false, 'new']);
  });

  test.each([
    ['is damaged', (cache: Buffer) => cache.fill(0, cache.length / 2)],
    ['is cut short', (cache: Buffer) => cache.subarray(0, 40)],
    ['is empty', () => Buffer.alloc(0)],
  ])('when its cache %s', (_, harm) => {
    const { file, answer } = partSaying('module.exports = "whole";');
    writeCaches(path.dirname(file));
    const cache = cacheOf(file);
    writeFileSync(cache, harm(readFileSync(cache)));
    expect([isTaken(file), answer()]).toEqual([false, 'whole']);
  });

  test('when Node runs with other flags than the build did', () => {
    const { file, answer } = partSaying('module.exports = "flags";');
    writeCaches(path.dirname(file));
    expect(answer('--no-lazy')).toBe('flags');
  });
});

test.each(['relayer', 'bare'])(
  'the build has made caches of all parts of build/%s, which this Node takes',
  (name) => {
    const folder = path.join(projectRoot, 'build', name);
    const parts = readdirSync(folder).filter((file) => file.endsWith('.js') && file !== 'main.js');
    expect(parts).toContain('app.js');
    expect(parts.filter((file) => !isTaken(path.join(folder, file)))).toEqual([]);
  },
);

/** A part in a folder of its own; `answer` runs it in a new process and returns what it exports, as a text. */
function partSaying(text: string): {
  readonly file: string;
  readonly answer: (...flags: string[]) => string;
} {
  const folder = tempDirectory();
  const file = path.join(folder, 'part.js');
  writeFileSync(file, text);
  // Out of the caches' way: only `*.js` is a part.
  copyFileSync(source, path.join(folder, 'code-cache.cjs'));
  const print = `console.log(String(require('./code-cache.cjs').load(${JSON.stringify(file)})))`;
  return {
    file,
    answer: (...flags) => {
      const { stdout, stderr } = spawnSync(process.execPath, [...flags, '-e', print], {
        cwd: folder,
        encoding: 'utf8',
      });
      return `${stderr}${stdout}`.trim();
    },
  };
}

function cacheOf(file: string): string {
  const name = readdirSync(path.dirname(file)).find((other) => other.endsWith('.cache'));
  return path.join(path.dirname(file), name ?? '');
}
