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

/** False also where there is no cache. */
const isTaken = (file: string) => compiled(file).cachedDataRejected === false;

describe('a part with its cache', () => {
  test('is not compiled again, and does the same', () => {
    const { file, answer, isTakenByOthers } = partSaying(
      'module.exports = twice(21); function twice(n) { return 2 * n; }',
    );
    expect([isTakenByOthers(), answer()]).toEqual([false, '42']);
    writeCaches(path.dirname(file));
    expect([isTakenByOthers(), answer()]).toEqual([true, '42']);
  });

  test('has in it what does not run at once', () => {
    const uncalled = Array.from({ length: 100 }, (_, n) => `(a) => a.b + a.c * ${n}`);
    const { file } = partSaying(`module.exports = [${uncalled.join(', ')}];`);
    writeCaches(path.dirname(file));
    const { byteLength } = readFileSync(cacheOf(file));
    // 22 KB; without their bytecode 7 KB.
    expect(byteLength).toBeGreaterThan(15_000);
  });

  test('names itself in a stack by what does not change when the folder is moved', () => {
    const { file, answer } = partSaying('module.exports = new Error("here").stack;');
    writeCaches(path.dirname(file));
    expect(answer()).toContain(`${path.basename(path.dirname(file))}/part.js:1:18`);
  });

  test('requires the parts beside it, once, and packages, and imports what it imports', () => {
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

test('a part that could not be loaded is loaded by the next call', () => {
  const { file, answer } = partSaying(`
    if (!globalThis.isSecond) { globalThis.isSecond = true; throw new Error('EMFILE'); }
    module.exports = 'loaded';
  `);
  const twice = `const load = () => require('./code-cache.cjs').load(${JSON.stringify(file)});
    try { load(); } catch (error) { console.log(error.message); }
    console.log(load());`;
  expect(answer({ print: twice })).toBe('EMFILE\nloaded');
});

test('run as a command, the loader writes the caches of the parts beside it', () => {
  const { file, answer, isTakenByOthers } = partSaying('module.exports = "made anew";');
  spawnSync(process.execPath, [path.join(path.dirname(file), 'code-cache.cjs')]);
  expect(cacheOf(file)).toContain(`part.js.node-${process.version}-`);
  expect([isTakenByOthers(), answer()]).toEqual([true, 'made anew']);
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
    const { file, answer, isTakenByOthers } = partSaying('module.exports = "flags";');
    writeCaches(path.dirname(file));
    const flags = ['--max-old-space-size=200'];
    expect([isTakenByOthers(flags), answer({ flags })]).toEqual([false, 'flags']);
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

/** A part in a folder of its own, with the loader, and new processes that use it. */
function partSaying(text: string) {
  const folder = tempDirectory();
  const file = path.join(folder, 'part.js');
  writeFileSync(file, text);
  copyFileSync(source, path.join(folder, 'code-cache.cjs'));
  const call = (name: string) => `require('./code-cache.cjs').${name}(${JSON.stringify(file)})`;
  /** What it exports, as a text; or what `print` prints. */
  const answer = ({
    print = `console.log(String(${call('load')}))`,
    flags = [] as readonly string[],
  } = {}) => {
    const options = { cwd: folder, encoding: 'utf8' } as const;
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, '-e', print], options);
    return `${stderr}${stdout}`.trim();
  };
  const isTakenByOthers = (flags: readonly string[] = []) =>
    answer({ print: `console.log(${call('compiled')}.cachedDataRejected === false)`, flags }) === 'true';
  return { file, answer, isTakenByOthers };
}

function cacheOf(file: string): string {
  const name = readdirSync(path.dirname(file)).find((other) => other.endsWith('.cache'));
  return path.join(path.dirname(file), name ?? '');
}
