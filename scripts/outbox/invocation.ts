// How people call this program: `npx outbox` in an application that installed the package, `npm run outbox --` in this
// project. What it prints can be pasted as it is.
import process from 'node:process';

/** The words before a command's name. */
export const invocation = process.env.npm_lifecycle_event === 'outbox' ? 'npm run outbox --' : 'npx outbox';
