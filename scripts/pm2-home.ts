// Where a database's own PM2 lives, and where PM2's command line is.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';

/**
 * The PM2 home for one database: absolute and short, because PM2 hangs for ever when the path of its socket
 * passes 107 characters, and it is never the user's own `~/.pm2`.
 */
export function pm2Home(databasePath: string): string {
  const name = createHash('sha256').update(databasePath).digest('hex').slice(0, 12);
  return path.join(shortTemp(), `outbox-pm2-${userInfo().uid}-${name}`);
}

/** The JavaScript file of one of PM2's commands. */
export function pm2Script(command: 'pm2' | 'pm2-runtime'): string {
  const require = createRequire(import.meta.url);
  return path.join(path.dirname(require.resolve('pm2/package.json')), 'bin', command);
}

/** The temp folder, unless it is so long (as on macOS) that a socket in it would not fit. */
export function shortTemp(): string {
  return tmpdir().length > 60 ? '/tmp' : tmpdir();
}
