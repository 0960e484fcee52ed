// docs/configuration.md, made of the flag definitions: what a flag is called, what it takes and what it means is said once,
// in the config.ts of its application.
import { ingesterFlags } from '../apps/ingester/config.ts';
import { defaultDatabaseUrl } from '../apps/outbox/environment.ts';
import type { Flag, Flags } from '../apps/outbox/flag.ts';
import { defaultTable } from '../apps/outbox/outbox-table.ts';
import { relayerFlags } from '../apps/relayer/config.ts';
import { sandboxFlags } from '../scripts/sandbox/config.ts';

const head = `# Configuration

<!-- Generated from the flag definitions: change those, then run "npm run docs". -->

A flag wins over the environment, the environment over \`.env\`, \`.env\` over the default. \`.env\` and relative paths are looked
up in the folder of \`ecosystem.config.js\`; in an application that installed the package, in the working directory. Durations
are written \`500ms\`, \`30s\`, \`1m\`, \`7d\`. A value that does not fit ends the program with exit code 2 and a line that names the
flag, what was expected and what came. An unknown \`RELAYER_\`, \`INGESTER_\` or \`SANDBOX_\` variable is warned about.

## Every program

| variable | default | meaning |
| --- | --- | --- |
| \`DATABASE_URL\` | \`${defaultDatabaseUrl}\` | the database: \`file:\` and a path, or \`postgres://USER:PASSWORD@HOST:5432/DATABASE\` ([PostgreSQL](postgres.md)) |
| \`OUTBOX_TABLE\` | \`${defaultTable}\` | the outbox's table in another application's database, where \`${defaultTable}\` is taken ([adopting](adopting.md#a-table-called-events)) |
| \`OUTBOX_ENV_FILE\` | \`.env\` | another file of settings |
`;

const pm2 = `## PM2

Read by \`ecosystem.config.js\`.

| variable | default | meaning |
| --- | --- | --- |
| \`OUTBOX_RELAYERS\` | \`1\` | relayers on one database |
| \`NODE_ENV\` | | \`production\` starts no sandbox, whatever else is set |

Without a \`CONVOY_\` variable PM2 starts a sandbox, and passes its address to the relayer as \`RELAYER_SANDBOX_URL\`.
`;

/** The whole document. */
export function configurationDoc(): string {
  return [
    head,
    section(
      'Relayer',
      '`npm run relay -- FLAGS`, in an application `npx outbox-relayer FLAGS`.',
      relayerFlags,
    ),
    section('Ingester', 'The demo: `npm run ingest -- FLAGS`.', ingesterFlags),
    section(
      'Sandbox',
      'The local stand-in for Convoy: `npm run sandbox -- FLAGS`, in an application `npx outbox-sandbox FLAGS`.',
      sandboxFlags,
    ),
    pm2,
  ].join('\n');
}

function section(title: string, command: string, flags: Flags): string {
  const rows = Object.entries(flags).map(([name, flag]) => row(name, flag));
  const table = [
    '| flag | variable | default | takes | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ];
  return `## ${title}\n\n${command}\n\n${table.join('\n')}\n`;
}

function row(name: string, flag: Flag<unknown>): string {
  const shownDefault = flag.default === undefined ? '' : `\`${flag.default}\``;
  const meaning =
    flag.secret === true ? `${flag.describe}. \`ps\` shows what stands on a command line` : flag.describe;
  const cells = [`\`--${name}\``, `\`${flag.variable}\``, shownDefault, taken(flag), meaning];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** What the flag's own parser says it expected, when it is given what nothing accepts. */
function taken(flag: Flag<unknown>): string {
  for (const unfit of ['99999999d', '\n', ' ']) {
    const parsed = flag.parse(unfit);
    if (parsed.kind === 'expected') return parsed.text;
  }
  return '';
}
