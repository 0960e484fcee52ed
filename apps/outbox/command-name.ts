// How a person types our commands: through npm run in this repository, through the package's bins in an application that
// installed it.
import { isInstalled } from './environment.ts';

/** The start of a command line, to be followed by its arguments. */
export const commandName = isInstalled
  ? { outbox: 'npx outbox', relayer: 'npx outbox-relayer', sandbox: 'npx outbox-sandbox' }
  : { outbox: 'npm run outbox --', relayer: 'npm run relay --', sandbox: 'npm run sandbox --' };
