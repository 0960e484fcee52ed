#!/usr/bin/env node
// The operator's command line. One file per command; what each does, and its exit codes, are in docs/operations.md.
import process from 'node:process';
import yargs from 'yargs';
import { commandName } from '../../apps/outbox/command-name.ts';
import { errorText } from '../../apps/outbox/log.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';
import { auditCommand } from './audit.ts';
import { backupCommand } from './backup.ts';
import { convoyCommand } from './convoy-setup.ts';
import { discardCommand } from './discard.ts';
import { doctorCommand } from './doctor.ts';
import { exitCodeOf } from './exit-code.ts';
import { listCommand } from './list.ts';
import { pruneCommand } from './prune.ts';
import { redriveCommand } from './redrive.ts';
import { schemaCommand } from './schema.ts';
import { showCommand } from './show.ts';
import { sqlCommand } from './sql.ts';
import { statusCommand } from './status.ts';

/** Options that may be given several times. */
const lists = ['_', 'ids', 'id', 'business'];

// A reader that has seen enough (`list | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

try {
  await yargs(process.argv.slice(2))
    .scriptName(commandName.outbox)
    .locale('en')
    .usage('$0 <command>\n\nLooks at the outbox and decides over events. DATABASE_URL names the database.')
    .command(statusCommand)
    .command(listCommand)
    .command(showCommand)
    .command(redriveCommand)
    .command(discardCommand)
    .command(pruneCommand)
    .command(auditCommand)
    .command(backupCommand)
    .command(doctorCommand)
    .command(convoyCommand)
    .command(schemaCommand)
    .command(sqlCommand)
    .check(givenOnce)
    .demandCommand(1, 'Which command?')
    .strict()
    .version(false)
    .wrap(Math.min(110, process.stdout.columns || 110))
    .epilogue(
      'Exit codes: 0 done, 1 failed for now, 2 usage or path, 3 database unusable, 4 no such event, 5 findings.',
    )
    .fail((message, error) => {
      if (error instanceof OutboxError) throw error;
      if (error !== undefined && message === null) throw error;
      const complaint = (message ?? error.message)
        .trim()
        .replaceAll(/\s+/g, ' ')
        .replace(/[.?]?$/, '.');
      throw new OutboxError('ERR_OUTBOX_CONFIG', `${complaint} Try ${commandName.outbox} --help.`, {
        cause: error,
      });
    })
    .parseAsync();
} catch (error) {
  tell(error);
  process.exitCode = exitCodeOf(error);
}

function givenOnce(given: Readonly<Record<string, unknown>>): true {
  const twice = Object.keys(given).find((name) => Array.isArray(given[name]) && !lists.includes(name));
  if (twice === undefined) return true;
  throw new Error(`--${twice} was given more than once: give it once`);
}

/** One line for people, one object for scripts; what nobody foresaw with its stack. */
function tell(error: unknown): void {
  if (!(error instanceof OutboxError)) return console.error(error);
  const isJson = process.argv.includes('--json');
  console.error(
    isJson ? JSON.stringify({ error: { code: error.code, message: errorText(error) } }) : errorText(error),
  );
}
