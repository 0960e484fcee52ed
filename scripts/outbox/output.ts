// Where a command's result goes: lines for people, or one JSON object a line with --json. Messages for people only go to
// standard error, so that a pipe gets the result and nothing else.
import process from 'node:process';

/** Columns of the terminal, or null where there is none. */
export function terminalWidth(): number | null {
  return process.stdout.isTTY ? process.stdout.columns || 80 : null;
}

/** Prints the result in the form that was asked for. */
export function printResult(json: boolean, result: object, lines: () => readonly string[]): void {
  console.log(json ? JSON.stringify(result) : lines().join('\n'));
}

/** The option that every command has. */
export const jsonOption = {
  json: { type: 'boolean', default: false, describe: 'Print one JSON object; instants are epoch ms' },
} as const;
