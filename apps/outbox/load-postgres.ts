// Loads what needs PostgreSQL's client, which is an optional peer of this package: whoever stays on SQLite does not install it.
import { OutboxError } from './outbox-error.ts';

/** Awaits an `import()`. Throws ERR_OUTBOX_CONFIG, with the command that mends it, when the client is not installed. */
export async function loadPostgres<Loaded>(loading: Promise<Loaded>): Promise<Loaded> {
  try {
    return await loading;
  } catch (cause) {
    if (!isMissingClient(cause)) throw cause;
    throw new OutboxError(
      'ERR_OUTBOX_CONFIG',
      'DATABASE_URL names PostgreSQL, whose client is not installed: npm install pg @prisma/adapter-pg',
      { cause },
    );
  }
}

/** As `import` and `require` say it: the relayer's bundle is CommonJS, the library ES modules. */
function isMissingClient(error: unknown): boolean {
  if (!(error instanceof Error && 'code' in error)) return false;
  const isMissing = error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND';
  return isMissing && /'(?:pg|@prisma\/adapter-pg)'/.test(error.message);
}
