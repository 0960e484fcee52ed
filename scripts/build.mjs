// Generates the Prisma client and compiles the applications into build/, each only when its inputs have changed
// since the last time (by content, so that a fresh checkout or a copied tree is judged rightly). Plain JavaScript:
// it runs before anything is compiled. `--generate-only` stops after the client; `--force` rebuilds all.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const force = process.argv.includes('--force');

const clientInputs = ['package-lock.json', 'prisma/schema.prisma', 'prisma/prisma.config.ts'];
const livePage = 'apps/relayer/status/page';
const appInputs = [...clientInputs, 'tsconfig.json', 'tsconfig.build.json', 'apps', 'scripts'];

main();

function main() {
  refreshIfStale({
    output: 'prisma/generated',
    inputs: clientInputs,
    probe: 'client.ts',
    refresh: generateClient,
  });
  if (process.argv.includes('--generate-only')) return;
  refreshIfStale({ output: 'build', inputs: appInputs, probe: 'apps', refresh: compile });
}

/** Runs `refresh` into an emptied `output` unless the hash of `inputs` is the one stamped there. */
function refreshIfStale({ output, inputs, probe, refresh }) {
  const directory = path.join(root, output);
  const stamp = path.join(directory, '.inputs');
  const wanted = hashOf(inputs);
  const current = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  if (!force && current === wanted && existsSync(path.join(directory, probe))) return;
  refresh(directory);
  writeFileSync(stamp, wanted);
}

function generateClient(directory) {
  rmSync(directory, { recursive: true, force: true });
  // Generating needs no schema engine, yet Prisma would download one first; naming any executable skips that,
  // so that installing works behind a closed network.
  const env = {
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    ...process.env,
  };
  run(
    'generate the Prisma client',
    'prisma/build/index.js',
    ['generate', '--no-hints', '--config', 'prisma/prisma.config.ts'],
    env,
  );
}

/** Applications may be running from the folder: it is exchanged when the new one is whole, and kept when it fails. */
function compile(directory) {
  const next = `${directory}.next-${process.pid}`;
  run('compile', 'typescript/bin/tsc', ['-p', 'tsconfig.build.json', '--outDir', next], process.env, next);
  run('bundle the relayer', '../scripts/bundle.mjs', [next], process.env, next);
  // The live page is served as it is written.
  cpSync(path.join(root, livePage), path.join(next, 'relayer/page'), { recursive: true });
  rmSync(directory, { recursive: true, force: true });
  renameSync(next, directory);
}

function run(task, script, args, env, leftover) {
  const entry = path.join(root, 'node_modules', script);
  if (!existsSync(entry)) {
    console.error(
      `cannot ${task}: node_modules/${script} is missing. Run "npm ci" (with development dependencies).`,
    );
    process.exit(1);
  }
  const result = spawnSync(process.execPath, [entry, ...args], { cwd: root, env, encoding: 'utf8' });
  if (result.status === 0) return;
  if (leftover !== undefined) rmSync(leftover, { recursive: true, force: true });
  console.error(`cannot ${task}:\n${result.stdout}${result.stderr}`);
  process.exit(1);
}

function hashOf(inputs) {
  const hash = createHash('sha256');
  for (const file of inputs.flatMap(filesIn)) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

function filesIn(input) {
  const absolute = path.join(root, input);
  if (!existsSync(absolute)) return [];
  if (!readdirOrNull(absolute)) return [input];
  return readdirSync(absolute, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .sort();
}

function readdirOrNull(directory) {
  try {
    return readdirSync(directory);
  } catch {
    return null;
  }
}
