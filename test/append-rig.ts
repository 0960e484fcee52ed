// An outbox with the guarded client on it, and an event to append. It asserts nothing.
import { onTestFinished } from 'vitest';
import { append, type NewEvent } from '../apps/outbox/append.ts';
import { openSqliteDemo, type SqliteDemoClient } from '../apps/outbox/prisma-client.ts';
import { newDatabaseFile, plainConnection } from './outbox-database.ts';

/** A new outbox, through the client and through a connection of its own. */
export async function openOutbox() {
  const file = newDatabaseFile();
  const client = await openSqliteDemo({ url: file });
  onTestFinished(() => client.$disconnect());
  return { client, db: plainConnection(file) };
}

export const event: NewEvent = { businessId: 'acme', eventType: 'invoice.created', payload: { n: 1 } };

/** Appends `event` with some parts replaced, in a transaction of its own. */
export function appendAlone(client: SqliteDemoClient, part: Partial<NewEvent>): Promise<string> {
  return client.$transaction((tx) => append(tx, { ...event, ...part }));
}
