// The house rules about who may import what and who may touch the process and the time, as pure functions of one file.
// The rules of form (lengths, names, comments) are in form-rules.ts.
import { type Finding, importsOf, isCode, lineAt, nameOf, type SourceFile, visit } from './source-file.ts';

export interface Rule {
  readonly name: string;
  readonly check: (file: SourceFile) => readonly Finding[];
}

/** Which rooms, or files of them, a room may import from. */
const rooms: Readonly<Record<string, { readonly mayImport: readonly string[]; readonly instead: string }>> = {
  'apps/outbox': {
    mayImport: ['apps/outbox'],
    instead:
      'outbox is the ground the applications stand on: move what both need down into it, or pass it in',
  },
  'apps/ingester': {
    mayImport: ['apps/ingester', 'apps/outbox'],
    instead: 'move what both applications need into apps/outbox',
  },
  'apps/relayer': {
    mayImport: ['apps/relayer', 'apps/outbox'],
    instead: 'move what both applications need into apps/outbox',
  },
  scripts: {
    // The relayer's client is what the benchmark's limit is made of.
    mayImport: ['scripts', 'apps/outbox', 'apps/relayer/deliver.ts'],
    instead: 'spawn the built application instead, as a user would',
  },
};

const databaseFiles = [
  'prisma-client',
  'outbox-client',
  'prisma-error',
  'sqlite/serial-adapter',
  'sqlite/serial-transaction',
  'sqlite/lock-retry',
  'postgres/adapter',
  'postgres/transaction',
].map((name) => `apps/outbox/${name}.ts`);
const sqliteFiles = [
  'outbox-shape',
  'sqlite/connection',
  'sqlite/code',
  'sqlite/relayer-slot',
  'sqlite/relayers-alive',
  'sqlite/quiet-read',
  'sqlite/serial-adapter',
].map((name) => `apps/outbox/${name}.ts`);

const processFiles = ['apps/outbox/daemon.ts', 'apps/outbox/this-process.ts'];

/** Who may open a dependency. They bind `apps/`; scripts may open what they measure, tests everything. */
const doors: readonly { readonly opens: RegExp; readonly files: readonly string[] }[] = [
  { opens: /^undici(\/|$)/, files: ['apps/relayer/deliver.ts', 'apps/relayer/undici-pool.d.ts'] },
  { opens: /^got$/, files: ['apps/outbox/convoy.ts'] },
  { opens: /^prom-client$/, files: ['apps/relayer/status/prometheus.ts'] },
  { opens: /^node:https?$/, files: ['apps/relayer/status/server.ts'] },
  { opens: /^uplot$/, files: ['apps/relayer/status/page/uplot.d.ts'] },
  { opens: /^winston$/, files: ['apps/outbox/log.ts'] },
  { opens: /^ms$/, files: ['apps/outbox/duration.ts'] },
  { opens: /^(yargs|fastest-levenshtein)$/, files: ['apps/outbox/config.ts'] },
  { opens: /^better-sqlite3$/, files: sqliteFiles },
  {
    opens: /^pg$/,
    files: ['adapter', 'connection', 'pool', 'pooler', 'session', 'trouble'].map(
      (name) => `apps/outbox/postgres/${name}.ts`,
    ),
  },
  { opens: /^@prisma\//, files: databaseFiles },
  { opens: /^prisma\/generated\//, files: ['apps/outbox/prisma-client.ts'] },
  { opens: /^prisma\/postgres\/generated\//, files: ['apps/outbox/postgres/demo-client.ts'] },
  { opens: /^node:(timers|timers\/promises|perf_hooks)$/, files: ['apps/outbox/clock.ts'] },
  { opens: /^node:process$/, files: processFiles },
];

const mainFile = /^apps\/\w+\/main\.ts$/;

export const houseRules: readonly Rule[] = [
  {
    name: 'each room imports only from the rooms below it',
    check: (file) => {
      const room = Object.keys(rooms).find((name) => file.path.startsWith(`${name}/`));
      const rule = room === undefined ? undefined : rooms[room];
      if (rule === undefined || !isCode(file)) return [];
      return importsOf(file)
        .filter(({ target }) => /^(apps|scripts|test)\//.test(target))
        .filter(({ target }) => !rule.mayImport.some((allowed) => `${target}/`.startsWith(`${allowed}/`)))
        .map(({ line, specifier }) => ({ line, what: `imports ${specifier}: ${rule.instead}` }));
    },
  },
  {
    name: 'each dependency has one door',
    check: (file) => {
      if (!file.path.startsWith('apps/') || !isCode(file)) return [];
      return importsOf(file).flatMap(({ line, target }) => {
        const door = doors.find(({ opens }) => opens.test(target));
        if (door === undefined || door.files.includes(file.path)) return [];
        return [{ line, what: `imports ${target}: only ${door.files.join(', ')} may. Use what it exports` }];
      });
    },
  },
  {
    name: 'every dependency of the applications has a door',
    check: (file) => {
      if (!file.path.startsWith('apps/') || !isCode(file)) return [];
      return importsOf(file)
        .filter(({ specifier }) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
        .filter(({ target }) => !doors.some(({ opens }) => opens.test(target)))
        .map(({ line, target }) => ({
          line,
          what: `imports ${target}, which has no door yet: name its one file in test/house-rules.ts`,
        }));
    },
  },
  {
    name: 'only the daemon and main.ts touch the process',
    check: (file) => {
      if (!file.path.startsWith('apps/') || !isCode(file)) return [];
      if (processFiles.includes(file.path) || mainFile.test(file.path)) return [];
      return uses(
        file,
        /^(globalThis\.)?process(\.\w+)?$/,
        'take it from the ProcessContext that runDaemon passes in',
      );
    },
  },
  {
    name: 'only clock.ts asks for the time',
    check: (file) => {
      if (!file.path.startsWith('apps/') || file.path === 'apps/outbox/clock.ts' || !isCode(file)) return [];
      // What runs in a browser has its own time.
      if (file.path.startsWith('apps/relayer/status/page/')) return [];
      const instead = 'pass a Clock in, so that a simulation can own the time';
      const asked = /^(Date\.now|performance\.now|(set|clear)(Timeout|Interval|Immediate))$/;
      return [...uses(file, asked, instead), ...datesOfNow(file, instead)];
    },
  },
];

/** Uses of a name, whatever is done with it. */
function uses(file: SourceFile, name: RegExp, instead: string): Finding[] {
  const found = new Map<number, Finding>();
  visit(file, (node) => {
    const used = nameOf(node);
    if (!name.test(used)) return;
    const line = lineAt(file, node.start);
    found.set(line, { line, what: `uses ${used}: ${instead}` });
  });
  return [...found.values()];
}

/** `new Date()` is now; `new Date(x)` is arithmetic. */
function datesOfNow(file: SourceFile, instead: string): Finding[] {
  const found: Finding[] = [];
  visit(file, (node) => {
    const isNow = node.type === 'NewExpression' && (node.arguments as unknown[]).length === 0;
    if (isNow && nameOf(node.callee) === 'Date') {
      found.push({ line: lineAt(file, node.start), what: `uses new Date(): ${instead}` });
    }
  });
  return found;
}
