// Reads what SQLite said out of the errors that a Prisma client throws. It knows their shape, not their texts.

/** SQLite's extended code, such as `SQLITE_FULL`, or '' when the error has none. */
export function sqliteCodeOf(error: unknown): string {
  // A failed COMMIT arrives as the adapter's own error, a failed statement inside the client's.
  const code = memberOf(memberOf(error, 'cause'), 'originalCode') ?? codeInMeta(error);
  return typeof code === 'string' ? code : '';
}

/** Whether SQLite said that the file is damaged or no database: trying again cannot help. */
export function saysCorrupt(error: unknown): boolean {
  return /^SQLITE_(?:CORRUPT|NOTADB)/.test(sqliteCodeOf(error));
}

/** The last line of the message: Prisma puts the failed call and blank lines before it. */
export function shortReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().split('\n').at(-1)?.trim() ?? '';
}

function codeInMeta(error: unknown): unknown {
  const inner = memberOf(memberOf(error, 'meta'), 'driverAdapterError');
  return memberOf(memberOf(inner, 'cause'), 'originalCode');
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
