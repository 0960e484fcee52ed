// Joins the relayer's compiled modules into one file with a few late-loading parts: `node scripts/bundle.mjs BUILD`. Packages stay
// where npm put them. Loading some 75 files one by one costs a restarted relayer 35 to 50 ms before its first redelivery.
import path from 'node:path';
import { rolldown } from 'rolldown';

const build = path.resolve(process.argv[2] ?? 'build');

const bundle = await rolldown({
  input: path.join(build, 'apps/relayer/main.js'),
  platform: 'node',
  // The entry only starts the relayer. Parts that load late import what they share from a file beside it: importing the entry
  // could run it a second time, were it ever known by two names.
  preserveEntrySignatures: 'strict',
  external: (id) => !id.startsWith('.') && !path.isAbsolute(id),
});
await bundle.write({ dir: path.join(build, 'relayer'), format: 'esm' });
