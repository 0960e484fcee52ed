// Asks before something happens that cannot be taken back. Without a terminal to ask on, it wants --yes.
import process from 'node:process';
import { createInterface } from 'node:readline/promises';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';

/** Returns when the answer is yes. Throws ERR_OUTBOX_CONFIG otherwise, or when there is nobody to ask. */
export async function askFirst(question: string, isAnswered: boolean): Promise<void> {
  if (isAnswered) return;
  if (!process.stdin.isTTY) {
    throw new OutboxError('ERR_OUTBOX_CONFIG', `${question} Add --yes to say so. Nothing was changed.`);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C and Ctrl-D are answers, too: without this nobody would ever hear of them.
  const givenUp = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  terminal.once('SIGINT', () => terminal.close());
  const answer = await Promise.race([terminal.question(`${question} [y/N] `), givenUp]);
  terminal.close();
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new OutboxError('ERR_OUTBOX_CONFIG', 'Not done: nothing was changed.');
}
