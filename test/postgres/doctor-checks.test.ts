// The doctor's judgements of a PostgreSQL server and its tables, one by one: each trouble that can be made here is told with what to do.
import { expect, onTestFinished, test } from 'vitest';
import { postgresAddress } from '../../apps/outbox/postgres/address.ts';
import { connectPostgres } from '../../apps/outbox/postgres/connection.ts';
import {
  checkConnections,
  checkDisk,
  checkPooler,
  checkServerClock,
  checkTransactions,
  judgeTransactions,
} from '../../scripts/outbox/doctor/server-checks.ts';
import { checkServerWriters } from '../../scripts/outbox/doctor/server-process-checks.ts';
import { checkServerClaim, checkServerIndexes, checkWake } from '../../scripts/outbox/doctor/table-checks.ts';
import { checkRights, checkVacuum, judgeVacuum } from '../../scripts/outbox/doctor/table-state-checks.ts';
import { asNobody, describeOnPostgres, newOutbox } from '../postgres-database.ts';

const told = (level: string, says: RegExp, todo: RegExp) => ({
  level,
  says: expect.stringMatching(says),
  todo: expect.stringMatching(todo),
});

/** A connection as the doctor has it. */
function doctorOn(url: string, table = 'events') {
  const connection = connectPostgres({
    ...{ url, table, synchronousCommit: 'on', isReadOnly: true, applicationName: 'outbox command' },
  });
  onTestFinished(() => connection.close());
  return connection;
}

describeOnPostgres('a server', () => {
  test('as it should be is well', async () => {
    const { url } = await newOutbox('outbox_events');
    const doctor = doctorOn(url, 'outbox_events');
    const table = 'outbox_events';
    const findings = await Promise.all([
      checkDisk(doctor),
      checkRights(doctor, table),
      checkServerIndexes(doctor, table),
      checkServerClaim(doctor, table),
      checkWake(doctor, table),
      checkConnections(doctor),
    ]);
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([]);
    await expect(doctor.run('DELETE FROM outbox_log')).rejects.toMatchObject({ code: '25006' });
    expect((await checkVacuum(doctor, table)).says).toMatch(/0 old row versions beside 0 rows/);
  });

  test('without the index of what is due, or with half an index, is told', async () => {
    const { url, client, name } = await newOutbox();
    const doctor = doctorOn(url);
    await client.query('DROP INDEX events_due');
    expect(await checkServerClaim(doctor, 'events')).toMatchObject(
      told('wrong', /does not use the index events_due: .*Scan/, /add the index/),
    );
    expect(await checkServerIndexes(doctor, 'events')).toMatchObject(
      told('caution', /not there: events_due/, /sql prints them/),
    );
    // What a CREATE INDEX CONCURRENTLY leaves behind that was ended.
    await client.query(
      `UPDATE pg_index SET indisvalid = false WHERE indexrelid = '${name}.events_business'::regclass`,
    );
    expect(await checkServerIndexes(doctor, 'events')).toMatchObject(
      told('caution', /not valid: events_business/, /REINDEX/),
    );
  });

  test('that wakes nobody, or whose writers wait to wake, is told, with what mends it', async () => {
    const { url, client } = await newOutbox();
    const doctor = doctorOn(url);
    await client.query('ALTER TABLE events DISABLE TRIGGER events_wake');
    const asleep = await checkWake(doctor, 'events');
    expect(asleep).toMatchObject(told('caution', /events_wake is disabled/, /ENABLE TRIGGER/));
    await client.query(String(asleep.todo));
    expect((await checkWake(doctor, 'events')).level).toBe('ok');
    await client.query(
      `CREATE OR REPLACE FUNCTION events_wake() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_notify(''x'', ''''); RETURN NULL; END'`,
    );
    expect(await checkWake(doctor, 'events')).toMatchObject(
      told('caution', /events_wake tells of every commit/, /replace its function .*sql prints it/),
    );
    await client.query('DROP TRIGGER events_wake ON events');
    expect(await checkWake(doctor, 'events')).toMatchObject(
      told('caution', /no trigger .* --poll-interval/, /or leave it so/),
    );
  });

  test('that does not tidy up is told', async () => {
    const { url, client } = await newOutbox();
    await client.query('ALTER TABLE events SET (autovacuum_enabled = off)');
    const { level, says } = await checkVacuum(doctorOn(url), 'events');
    expect([level, says]).toEqual(['caution', expect.stringMatching(/^autovacuum is off/)]);
    const state = { live: 1_000, dead: 300_000, isOn: true, isOnHere: true, agoMs: 60_000 };
    expect(judgeVacuum(state, 'events')).toMatchObject(
      told('caution', /does not keep up: 300,000/, /VACUUM/),
    );
    expect(judgeVacuum({ ...state, live: 9_000_000 }, 'events').level).toBe('ok');
  });

  test('with a transaction that holds vacuum back is told, by whom', async () => {
    const { url, client } = await newOutbox();
    const doctor = doctorOn(url);
    await client.query(`BEGIN; INSERT INTO outbox_log (kind) VALUES ('x')`);
    expect((await checkTransactions(doctor)).says).toMatch(/^the oldest is .* old/);
    await client.query('ROLLBACK');
    const hour = 3_600_000;
    const old = [{ who: 'pid 7 (psql, ann, idle in transaction)', ageMs: hour }];
    expect(judgeTransactions(old, true)).toMatchObject(
      told('caution', /^pid 7 .* has a transaction open for 1 h: vacuum/, /pg_terminate_backend/),
    );
    expect(judgeTransactions([{ who: 'replication slot r', ageMs: null }], true).todo).toMatch(
      /drop the slot/,
    );
    expect(judgeTransactions([], false)).toMatchObject(
      told('unknown', /none holds vacuum back, but .* cannot be seen/, /pg_monitor/),
    );
  });

  test('whose default may lose what others commit is told', async () => {
    const { url } = await newOutbox();
    const off = new URL(url);
    off.searchParams.set('options', `${off.searchParams.get('options')} -c synchronous_commit=off`);
    const [, others] = await checkServerWriters(doctorOn(off.href));
    expect(others).toMatchObject(told('wrong', /synchronous_commit off by default/, /ALTER ROLE/));
  });

  test('is not told of relayers as of other writers, whatever their process ids', async () => {
    const { url } = await newOutbox();
    for (const applicationName of ['outbox-relayer 4711', 'billing']) {
      const user = connectPostgres({ url, applicationName, synchronousCommit: 'on' });
      onTestFinished(() => user.close());
      await user.query('SELECT 1');
    }
    const [, others] = await checkServerWriters(doctorOn(url));
    expect(others?.says).toContain('billing (1)');
    expect(others?.says).not.toContain('relayer');
  });

  test('is asked for every right that relayers and writers need, and the GRANTs suffice', async () => {
    const made = await newOutbox();
    const { url } = await asNobody(made);
    const doctor = doctorOn(url);
    const lacking = await checkRights(doctor, 'events');
    expect(lacking).toMatchObject(told('wrong', /may not do all/, /GRANT .*INSERT.* ON events TO/));
    await made.client.query((lacking.todo?.match(/GRANT .*?;/g) ?? []).join('\n'));
    expect((await checkRights(doctor, 'events')).level).toBe('ok');
  });
});

test('a proxy by transaction and a clock that is off are told', () => {
  const address = postgresAddress('postgres://ann@db:6432/shop');
  const pooled = { ...{ kind: 'postgres' as const, address, isPooled: true, clockOffsetMs: 0 } };
  const connection = connectPostgres({
    ...{ url: address.url, synchronousCommit: 'on', applicationName: 'never connects' },
  });
  expect(checkPooler({ ...pooled, connection })).toMatchObject(
    told('caution', /^before db:6432 a proxy pools connections by transaction/, /a URL of the server itself/),
  );
  expect(checkServerClock(90_000)).toMatchObject(told('caution', /1 m 30 s ahead of this one/, /NTP/));
  expect(checkServerClock(-90_000).says).toMatch(/behind/);
  expect(checkServerClock(5).level).toBe('ok');
});
