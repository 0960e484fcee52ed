// Joins the relayer's compiled modules into one file with a few late-loading parts: `node scripts/bundle.mjs BUILD`. Packages stay
// where npm put them. Loading some 75 files one by one costs a restarted relayer 35 to 50 ms before its first redelivery. The
// result is CommonJS, which Node loads without its loader of ES modules: 19 of 95 ms until ready.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { rolldown } from 'rolldown';

const build = path.resolve(process.argv[2] ?? 'build');

const bundle = await rolldown({
  input: path.join(build, 'apps/relayer/main.js'),
  platform: 'node',
  // The entry only starts the relayer. Parts that load late import what they share from a file beside it: importing the entry
  // could run it a second time, were it ever known by two names.
  preserveEntrySignatures: 'strict',
  // A package is loaded for what is used of it, not for loading it.
  treeshake: { moduleSideEffects: 'no-external' },
  external: (id) => !id.startsWith('.') && !path.isAbsolute(id),
});
const directory = path.join(build, 'relayer');
await bundle.write({ dir: directory, format: 'cjs' });
// The nearest package.json decides what Node, and PM2, take the files for; PM2 shows its version, too.
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
writeFileSync(path.join(directory, 'package.json'), `${JSON.stringify({ type: 'commonjs', version })}\n`);
