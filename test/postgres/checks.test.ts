import { expect, test } from 'vitest';
import { describeOnPostgres, insertPostgresEvent, newOutbox, postgresRow } from '../postgres-database.ts';

describeOnPostgres('on PostgreSQL,', () => {
  test('a key is printable ASCII of a bounded length, in the id and in its suffix', async () => {
    const { client } = await newOutbox();
    const refused = [
      ...['', 'x'.repeat(256), 'a b', 'a\n', '\ta', 'é', 'a\u007f'].map((id) => ({ id })),
      ...['x'.repeat(33), 'a b', '\n', 'é'].map((key_suffix) => ({ key_suffix })),
    ];
    for (const columns of refused) {
      await expect(insertPostgresEvent(client, columns), JSON.stringify(columns)).rejects.toMatchObject({
        code: '23514',
      });
    }
    const kept = { id: '!'.repeat(254).concat('~'), key_suffix: '~r2'.padEnd(32, '!') };
    const seq = await insertPostgresEvent(client, kept);
    expect(await postgresRow(client, seq)).toMatchObject(kept);
  });
});
