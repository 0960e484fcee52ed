// An outbox on PostgreSQL that is reached through a proxy, which can cut, freeze or forget the connections.
import { onTestFinished } from 'vitest';
import { DatabaseProxy } from '../../scripts/chaos/postgres/proxy.ts';
import { freePort } from '../helpers.ts';
import { newOutbox } from '../postgres-database.ts';

/** A new one; the client goes past the proxy. */
export async function proxiedOutbox() {
  const { url: direct, client } = await newOutbox();
  const url = new URL(direct);
  const proxy = new DatabaseProxy({ port: await freePort(), serverPort: Number(url.port || 5432) });
  await proxy.listen();
  onTestFinished(() => proxy.close());
  url.hostname = '127.0.0.1';
  url.port = String(proxy.port);
  return { proxy, client, url: url.href };
}
