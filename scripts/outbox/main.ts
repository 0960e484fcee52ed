// The operator's command line: `npm run outbox -- <command>`. One file per command.
import process from 'node:process';
import yargs from 'yargs';
import { errorText } from '../../apps/outbox/log.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';
import { redriveCommand } from './redrive.ts';
import { statusCommand } from './status.ts';

const usageExitCode = 2;

try {
  await yargs(process.argv.slice(2))
    .scriptName('npm run outbox --')
    .locale('en')
    .usage('$0 <command>\n\nLooks at the outbox and moves events. DATABASE_URL names the database.')
    .command(statusCommand)
    .command(redriveCommand)
    .demandCommand(1, 'Which command?')
    .strict()
    .version(false)
    .fail((message, error) => {
      throw error ?? new OutboxError('ERR_OUTBOX_CONFIG', `${message} Try npm run outbox -- --help.`);
    })
    .parseAsync();
} catch (error) {
  console.error(error instanceof OutboxError ? errorText(error) : error);
  process.exitCode = error instanceof OutboxError ? usageExitCode : 1;
}
