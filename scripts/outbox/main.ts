#!/usr/bin/env node
// The operator's command line: `npm run outbox -- <command>`. One file per command.
import process from 'node:process';
import yargs from 'yargs';
import { commandName } from '../../apps/outbox/command-name.ts';
import { exitCodeOf } from '../../apps/outbox/daemon.ts';
import { errorText } from '../../apps/outbox/log.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';
import { redriveCommand } from './redrive.ts';
import { schemaCommand } from './schema.ts';
import { sqlCommand } from './sql.ts';
import { statusCommand } from './status.ts';

try {
  await yargs(process.argv.slice(2))
    .scriptName(commandName.outbox)
    .locale('en')
    .usage('$0 <command>\n\nLooks at the outbox and moves events. DATABASE_URL names the database.')
    .command(statusCommand)
    .command(redriveCommand)
    .command(schemaCommand)
    .command(sqlCommand)
    .demandCommand(1, 'Which command?')
    .strict()
    .version(false)
    .fail((message, error) => {
      if (error instanceof OutboxError) throw error;
      const complaint = (message ?? error.message).split('\n')[0]?.replace(/[.?]?$/, '.');
      throw new OutboxError('ERR_OUTBOX_CONFIG', `${complaint} Try ${commandName.outbox} --help.`, {
        cause: error,
      });
    })
    .parseAsync();
} catch (error) {
  console.error(error instanceof OutboxError ? errorText(error) : error);
  process.exitCode = exitCodeOf(error);
}
