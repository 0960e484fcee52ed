// How a PostgreSQL database is refused, for the tests of preparing.
import { expect } from 'vitest';
import { prepareDatabase } from '../../apps/outbox/migrate.ts';

/** The refusal of a database; fails when it is accepted. */
export async function refusalOf(url: string) {
  return prepareDatabase(url).then(
    () => expect.fail('it was accepted'),
    (error: unknown) => error as { code: string; message: string },
  );
}
