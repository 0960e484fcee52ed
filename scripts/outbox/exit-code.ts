// What the exit code of a command says. 0 to 3 mean what they mean for the applications.
import { exitCodeOf as applicationExitCodeOf, exitCodes } from '../../apps/outbox/daemon.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';

export const commandExitCodes = {
  /** Done. Looking that found nothing is done, too. */
  done: exitCodes.stopped,
  /** Failed, and trying again may help: locked, disk full, no answer from Convoy. */
  failed: exitCodes.failed,
  /** A flag, a variable or a path is wrong, or a question was not answered with yes. */
  usage: exitCodes.misconfigured,
  /** The database is damaged, foreign, or from another release. */
  databaseUnusable: exitCodes.databaseUnusable,
  /** No such event, or none in a state in which this could be done. Nothing was changed. */
  noEvent: 4,
  /** Looked, and found something that needs a person: `doctor`, `audit`. */
  findings: 5,
  /** Ctrl-C; what was done until then is done. */
  interrupted: 130,
} as const;

/** The exit code of what ended a command. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof OutboxError && error.code === 'ERR_OUTBOX_NO_EVENT') return commandExitCodes.noEvent;
  return applicationExitCodeOf(error);
}
