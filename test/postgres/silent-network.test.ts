// A relayer as people run it, whose connections to PostgreSQL the network forgets and tells nobody, while new ones work.
import { expect, test } from 'vitest';
import { waitFor } from '../helpers.ts';
import { keysAt, startBuiltRelayer, startPlainConvoy, variablesFor } from '../plain-convoy.ts';
import { describeOnPostgres, insertPostgresEvent } from '../postgres-database.ts';
import { proxiedOutbox } from './proxied-outbox.ts';

describeOnPostgres('a relayer whose connections the network has forgotten', () => {
  test('goes on over new ones, long before a statement would have ended, and stops when it is told to', async () => {
    const { proxy, client, url } = await proxiedOutbox();
    const convoy = await startPlainConvoy();
    const relayer = startBuiltRelayer({ DATABASE_URL: url, ...variablesFor(convoy) });
    await insertPostgresEvent(client);
    await waitFor('it delivers', () => keysAt(convoy).length === 1);
    proxy.forget();
    await insertPostgresEvent(client);
    await waitFor('it goes on', () => keysAt(convoy).length === 2, 25_000);
    relayer.child.kill('SIGTERM');
    expect(await relayer.exited).toBe(0);
    expect(relayer.stdout).toContain('another relayer slot is held');
  }, 40_000);
});
