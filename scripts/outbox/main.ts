#!/usr/bin/env node
// The operator's command line. One file per command; what each does, and its exit codes, are in docs/operations.md.
import process from 'node:process';
import yargs from 'yargs';
import { commandName } from '../../apps/outbox/command-name.ts';
import { errorText, messageText } from '../../apps/outbox/log.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';
import { auditCommand } from './audit.ts';
import { backupCommand } from './backup.ts';
import { convoyCommand } from './convoy-setup.ts';
import { discardCommand } from './discard.ts';
import { doctorCommand } from './doctor.ts';
import { commandExitCodes, exitCodeOf } from './exit-code.ts';
import { listCommand } from './list.ts';
import { pruneCommand } from './prune.ts';
import { redriveCommand } from './redrive.ts';
import { schemaCommand } from './schema.ts';
import { showCommand } from './show.ts';
import { sqlCommand } from './sql.ts';
import { statusCommand } from './status.ts';

/** By command: what is said when its argument is missing. */
const missingArguments: ReadonlyMap<string, string> = new Map([
  [
    'show',
    `Say which event, by its id or key: ${commandName.outbox} show 01a20a44-c215-7a07-945c-774644912f4b`,
  ],
  ['convoy', `Say what is to be prepared: ${commandName.outbox} convoy setup --help`],
  ['backup', `Say where the copy is to go, a new file or a folder: ${commandName.outbox} backup /backup`],
]);

/** Options that may be given several times. */
const lists = ['_', 'ids', 'id', 'business'];

// A reader that has seen enough (`list | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

const args = process.argv.slice(2);

try {
  const commands = yargs(args)
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
    .demandCommand(1, 'Name a command')
    .strict()
    .version(false)
    .wrap(Math.min(110, process.stdout.columns || 110))
    .epilogue(
      'Exit codes: 0 done, 1 failed for now, 2 usage or path, 3 database unusable, 4 no such event, 5 findings.',
    )
    .fail((message, error) => {
      if (error instanceof OutboxError) throw error;
      if (error !== undefined && message === null) throw error;
      throw new OutboxError('ERR_OUTBOX_CONFIG', complaintText(message ?? error.message), { cause: error });
    });
  if (args.length > 0) {
    await commands.parseAsync();
  } else {
    console.error(await commands.getHelp());
    process.exitCode = commandExitCodes.usage;
  }
} catch (error) {
  tell(error);
  process.exitCode = exitCodeOf(error);
}

function givenOnce(given: Readonly<Record<string, unknown>>): true {
  const twice = Object.keys(given).find((name) => Array.isArray(given[name]) && !lists.includes(name));
  if (twice === undefined) return true;
  throw new Error(`--${twice} was given more than once: give it once`);
}

/** What yargs says of a missing argument is about numbers of arguments. */
function complaintText(complaint: string): string {
  const missing = missingArguments.get(args.find((word) => !word.startsWith('-')) ?? '');
  if (complaint.startsWith('Not enough non-option arguments') && missing !== undefined) return missing;
  const sentence = complaint
    .trim()
    .replaceAll(/\s+/g, ' ')
    .replace(/[.?]?$/, '.');
  return `${sentence} Try ${commandName.outbox} --help.`;
}

/** One line for people, one object for scripts; what nobody foresaw with its stack. */
function tell(error: unknown): void {
  if (!(error instanceof OutboxError)) return console.error(error);
  const isJson = process.argv.includes('--json');
  console.error(
    isJson ? JSON.stringify({ error: { code: error.code, message: messageText(error) } }) : errorText(error),
  );
}
