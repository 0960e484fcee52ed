// Joins compiled modules, and the packages they use, into one file with a few late-loading parts, and compiles these to bytecode:
// `node scripts/bundle.mjs BUILD`. So loads the relayer, and so does the benchmark's bare loop, against which it is measured.
// Loading some 75 files one by one costs a restarted relayer 35 to 50 ms before its first redelivery. The
// result is CommonJS, which Node loads without its loader of ES modules: 19 of 95 ms until ready.
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import path from 'node:path';
import { rolldown } from 'rolldown';

const build = path.resolve(process.argv[2] ?? 'build');
const require = createRequire(import.meta.url);
const codeCache = require.resolve('./code-cache.cjs');
const { writeCaches } = require(codeCache);
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** What stays where npm put it: native code, what finds files beside itself, and what the user may have or not. */
const outside = ['better-sqlite3/build', 'yargs', 'uplot', 'pg', 'prom-client'];

/** What takes the place of a module. */
const replaced = {
  // Several folders are searched for better-sqlite3's addon. The build knows where it is.
  bindings: "module.exports = () => require('better-sqlite3/build/Release/better_sqlite3.node');",
  // Events and questions go by HTTP/1.1. undici does without where Node has none (5 ms to load); got asks its wrapper when it is
  // told to, but loads it always, and that opens a TLS socket to look at it (30 ms).
  'node:http2': 'module.exports = { constants: {} };',
  'http2-wrapper': 'module.exports = {};',
};
const replacing = {
  name: 'replacing',
  resolveId: (id) => (Object.hasOwn(replaced, id) ? `\0${id}` : null),
  load: (id) => replaced[id.replace('\0', '')] ?? null,
};

/** What the code cache asks of a text: one byte a character, and no `import()` of its own. */
const cacheable = {
  name: 'cacheable',
  renderChunk(code, { fileName }) {
    const escaped = code.replaceAll(
      /[^\0-\x7f]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    const text = escaped.replaceAll(/\bimport\((?=["'])/g, 'importPackage(');
    // Where the replacement would mean something else, or could not be made.
    const wrong = /\\[^\0-\x7f]|String\.raw`[^`]*[^\0-\x7f]/.exec(code) ?? /(?<![.\w'"`])import\(/.exec(text);
    if (wrong !== null) throw new Error(`${fileName} cannot be cached: ${wrong[0]}`);
    return text;
  },
};

await bundle('apps/relayer/main.js', 'relayer');
await bundle('scripts/bench/bare-main.js', 'bare');

/** Bundles an entry of the build into a folder of it, to be run as `main.js`. */
async function bundle(entry, name) {
  const directory = path.join(build, name);
  const joined = await rolldown({
    input: { app: path.join(build, entry) },
    platform: 'node',
    cwd: build,
    // The entry only starts the application. Parts that load late import what they share from a file beside it: importing the
    // entry could run it a second time, were it ever known by two names.
    preserveEntrySignatures: 'strict',
    // A package is loaded for what is used of it, not for loading it.
    treeshake: { moduleSideEffects: (id) => (isOutside(id) ? false : undefined) },
    external: isOutside,
    plugins: [replacing],
  });
  await joined.write({
    dir: directory,
    format: 'cjs',
    strict: true,
    comments: { legal: true, annotation: false, jsdoc: false },
    plugins: [cacheable],
  });
  writeCaches(directory);
  copyFileSync(codeCache, path.join(directory, 'code-cache.cjs'));
  const main = "#!/usr/bin/env node\nrequire('./code-cache.cjs').load(require.resolve('./app.js'));\n";
  writeFileSync(path.join(directory, 'main.js'), main);
  writeFileSync(path.join(directory, 'licenses.txt'), licensesOf(await joined.watchFiles));
  // The nearest package.json decides what Node, and PM2, take the files for; PM2 shows its version, too.
  const about = { type: 'commonjs', version };
  writeFileSync(path.join(directory, 'package.json'), `${JSON.stringify(about)}\n`);
}

function isOutside(id) {
  if (Object.hasOwn(replaced, id)) return false;
  return isBuiltin(id) || outside.some((name) => `${id}/`.startsWith(`${name}/`));
}

/** The licences of the packages that the bundled files are from. */
function licensesOf(files) {
  const folders = files.flatMap(
    (file) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? [],
  );
  const texts = [...new Set(folders)].sort().flatMap((folder) => {
    const name = folder.slice(folder.lastIndexOf('/node_modules/') + '/node_modules/'.length);
    const license = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
    return license === undefined
      ? []
      : `${name}\n\n${readFileSync(path.join(folder, license), 'utf8').trim()}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}
