// A postgres:// URL as node-postgres takes it, and as people are shown it.
import { describe, expect, test } from 'vitest';
import { isPostgresUrl, postgresAddress } from '../apps/outbox/postgres/address.ts';

describe('a URL of PostgreSQL', () => {
  test.each([
    ['postgres://ann:secret@db.example:6432/shop', 'postgres://ann@db.example:6432/shop'],
    ['postgresql://db/shop?sslmode=verify-full', 'postgres://db:5432/shop'],
    ['postgres://ann:s%23cret@db/shop?schema=billing', 'postgres://ann@db:5432/shop (schema billing)'],
    ['postgres:///shop?host=/run/postgresql', 'postgres:///run/postgresql:5432/shop'],
    ['postgres://ann:secret@/shop?host=/run/postgresql', 'postgres://ann@/run/postgresql:5432/shop'],
    ['postgres://ann:secret@[::1]:5433', 'postgres://ann@[::1]:5433/ann'],
  ])('is shown without its password: %s', (url, shown) => {
    expect(isPostgresUrl(url)).toBe(true);
    expect(postgresAddress(url).shown).toBe(shown);
  });

  test.each([
    ['billing', '-c search_path="billing"'],
    ['My Schema', '-c search_path="My\\ Schema"'],
    ['odd"one', '-c search_path="odd""one"'],
  ])('gives node-postgres the schema of Prisma as search_path: %s', (schema, options) => {
    const url = `postgres://ann@db/shop?schema=${encodeURIComponent(schema)}&sslmode=disable`;
    const parameters = new URL(postgresAddress(url).url).searchParams;
    expect([...parameters]).toEqual([
      ['sslmode', 'disable'],
      ['options', options],
    ]);
  });

  test('keeps the options that it had, and passes unchanged without a schema', () => {
    const url = 'postgres://ann@db/shop?options=-c%20geqo%3Doff';
    expect(postgresAddress(url).url).toBe(url);
    const both = new URL(postgresAddress(`${url}&schema=x`).url).searchParams.get('options');
    expect(both).toBe('-c geqo=off -c search_path="x"');
  });

  test.each(['postgres://ann:se/cret@db:x/shop', 'mysql://db/shop', 'postgres:shop'])(
    'that is none is refused without quoting it: %s',
    (url) => {
      expect(() => postgresAddress(url)).toThrow(
        expect.objectContaining({ code: 'ERR_OUTBOX_CONFIG', message: expect.not.stringContaining('cret') }),
      );
    },
  );
});
