// Generates the Prisma clients (SQLite's and PostgreSQL's, side by side) and compiles the applications into build/, each only when its inputs have changed
// since the last time (by content, so that a fresh checkout or a copied tree is judged rightly). Plain JavaScript:
// it runs before anything is compiled. `--generate-only` stops after the clients; `--force` rebuilds all.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const force = process.argv.includes('--force');

/** One per engine: a folder with a schema and Prisma's configuration, into which the client is generated. */
const clients = ['prisma', 'prisma/postgres'].map((folder) => ({
  output: `${folder}/generated`,
  config: `${folder}/prisma.config.ts`,
  inputs: ['package-lock.json', `${folder}/schema.prisma`, `${folder}/prisma.config.ts`],
}));
const livePage = 'apps/relayer/status/page';
const appInputs = [
  ...new Set(clients.flatMap(({ inputs }) => inputs)),
  'tsconfig.json',
  'tsconfig.build.json',
  'apps',
  'scripts',
];

await main();

async function main() {
  await Promise.all(
    clients.map(({ output, inputs, config }) =>
      refreshIfStale({
        output,
        inputs,
        probe: 'client.ts',
        refresh: (directory) => generateClient(directory, config),
      }),
    ),
  );
  if (process.argv.includes('--generate-only')) return;
  await refreshIfStale({ output: 'build', inputs: appInputs, probe: 'apps', refresh: compile });
}

/** Runs `refresh` into an emptied `output` unless the hash of `inputs` is the one stamped there. */
async function refreshIfStale({ output, inputs, probe, refresh }) {
  const directory = path.join(root, output);
  const stamp = path.join(directory, '.inputs');
  const wanted = hashOf(inputs);
  const current = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  if (!force && current === wanted && existsSync(path.join(directory, probe))) return;
  await refresh(directory);
  writeFileSync(stamp, wanted);
}

async function generateClient(directory, config) {
  rmSync(directory, { recursive: true, force: true });
  // Generating needs no schema engine, yet Prisma would download one first; naming any executable skips that,
  // so that installing works behind a closed network.
  const env = {
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    ...process.env,
  };
  const args = ['generate', '--no-hints', '--config', config];
  await run('generate the Prisma client', 'prisma/build/index.js', args, env);
}

/** Applications may be running from the folder: it is exchanged when the new one is whole, and kept when it fails. */
async function compile(directory) {
  const next = `${directory}.next-${process.pid}`;
  await run(
    'compile',
    'typescript/bin/tsc',
    ['-p', 'tsconfig.build.json', '--outDir', next],
    process.env,
    next,
  );
  // A flag of V8 would make bytecode that is good for this flag only.
  const { NODE_OPTIONS: _, ...env } = process.env;
  await run('bundle the relayer', '../scripts/bundle.mjs', [next], env, next);
  // The live page is served as it is written.
  cpSync(path.join(root, livePage), path.join(next, 'relayer/page'), { recursive: true });
  rmSync(directory, { recursive: true, force: true });
  renameSync(next, directory);
}

async function run(task, script, args, env, leftover) {
  const entry = path.join(root, 'node_modules', script);
  if (!existsSync(entry)) {
    console.error(
      `cannot ${task}: node_modules/${script} is missing. Run "npm ci" (with development dependencies).`,
    );
    process.exit(1);
  }
  const { status, output } = await finished(spawn(process.execPath, [entry, ...args], { cwd: root, env }));
  if (status === 0) return;
  if (leftover !== undefined) rmSync(leftover, { recursive: true, force: true });
  console.error(`cannot ${task}:\n${output}`);
  process.exit(1);
}

function finished(child) {
  const parts = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => parts.push(part));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, output: Buffer.concat(parts).toString() }));
  });
}

function hashOf(inputs) {
  // Bytecode is for one version of Node.
  const hash = createHash('sha256').update(`${process.version}\0`);
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
