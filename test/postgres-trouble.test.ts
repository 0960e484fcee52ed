// What errors on the way to PostgreSQL mean: the network's pass, a certificate is refused, and a mistake of ours is neither.
import { expect, test } from 'vitest';
import { exitCodeOf } from '../apps/outbox/daemon.ts';
import { postgresAddress } from '../apps/outbox/postgres/address.ts';
import { describePostgresError } from '../apps/outbox/postgres/refusal.ts';
import { troubleOfPostgres } from '../apps/outbox/postgres/trouble.ts';

const address = postgresAddress('postgres://ann@db/shop');

function coded(code: string, more: object = {}): Error {
  return Object.assign(new Error('of some kind'), { code, ...more });
}

test.each([
  coded('ECONNREFUSED'),
  coded('EAI_AGAIN'),
  coded('ENOENT', { syscall: 'connect' }),
  coded('ERR_STREAM_DESTROYED'),
  new AggregateError([coded('EHOSTUNREACH'), coded('ECONNREFUSED')]),
  new Error('Query read timeout'),
  new Error('timeout expired'),
  new Error('timeout exceeded when trying to connect'),
  new Error('Connection terminated due to connection timeout'),
  new Error('Connection terminated unexpectedly'),
  coded('ERR_SSL_WRONG_VERSION_NUMBER', { message: 'error:0A00010B:SSL routines::wrong version number' }),
])('the network passes: %s', (error) => {
  expect(troubleOfPostgres(error)).toMatchObject({ kind: 'passing' });
  expect(exitCodeOf(describePostgresError(address, error))).toBe(1);
});

test.each(['CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID', 'DEPTH_ZERO_SELF_SIGNED_CERT'])(
  'a certificate is refused, and the refusal says so: %s',
  (code) => {
    expect(troubleOfPostgres(coded(code))).toMatchObject({ kind: 'refused', code });
    const refusal = describePostgresError(address, coded(code));
    expect(refusal.message).toMatch(
      `the database postgres://ann@db:5432/shop shows a certificate that is not accepted (${code}): renew it`,
    );
    expect(exitCodeOf(refusal)).toBe(2);
  },
);

test.each([
  coded('ERR_INVALID_ARG_TYPE'),
  coded('ENOENT', { syscall: 'open' }),
  new TypeError('x is not a function'),
])('a mistake is no trouble of the database: %s', (error) => {
  expect(troubleOfPostgres(error)).toBe(error);
});
