// A relayer on PostgreSQL as people watch it: its page and its metrics, over a kill; and what the doctor says of it.
import { expect, test } from 'vitest';
import type { Moment } from '../../apps/relayer/status/moment.ts';
import type { Finding } from '../../scripts/outbox/doctor/finding.ts';
import { quietSandbox } from '../both-apps.ts';
import { freePort, projectRoot, spawnNode, waitFor } from '../helpers.ts';
import { outboxWith } from '../operator-command.ts';
import { describeOnPostgres, insertPostgresEvent, newOutbox } from '../postgres-database.ts';
import { ask, listen } from '../status-rig.ts';

describeOnPostgres('the page of a relayer on PostgreSQL', () => {
  test('moves, shows nothing that is not there, goes on after a kill, and the doctor finds it well', {
    timeout: 60_000,
  }, async () => {
    const { url, client } = await newOutbox();
    const sandbox = await quietSandbox();
    const port = await freePort();
    const env = {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, OUTBOX_ENV_FILE: '/dev/null', DATABASE_URL: url },
      ...{
        CONVOY_BASE_URL: sandbox.url,
        CONVOY_API_KEY: sandbox.apiKey,
        CONVOY_PROJECT_ID: sandbox.projectId,
      },
      ...{ RELAYER_OWNER_GUARD: 'no', RELAYER_STATUS_PORT: String(port) },
    };
    const start = () =>
      spawnNode(`${projectRoot}/build/relayer/main.js`, ['--poll-interval', '50ms'], { env });
    const served = (relayer: { readonly stdout: string }) =>
      waitFor('the page to be served', () => /live page/.test(relayer.stdout), 20_000);

    const first = start();
    await served(first);
    const before = listen(port);
    await insertPostgresEvent(client);
    const moment = await waitFor('a moment after an acceptance', () =>
      momentsOf(before.events).find(({ minuteP50Ms }) => minuteP50Ms !== null),
    );
    expect(moment).toMatchObject({ walBytes: null, dead: { events: 0 }, pending: { events: 0 } });
    const { body } = await ask(port, '/metrics');
    expect(body).toMatch(/^outbox_events_appended_total 1$/m);
    expect(body).not.toMatch(/^outbox_wal_bytes/m);
    first.child.kill('SIGKILL');
    await first.exited;

    const second = start();
    await insertPostgresEvent(client);
    await served(second);
    const after = listen(port);
    await waitFor('a moment of the next relayer', () => momentsOf(after.events).length > 0);
    const { stdout } = await outboxWith(env, 'doctor', '--json');
    const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] };
    expect(findings.filter(({ level }) => level === 'wrong').map(({ check }) => check)).toEqual([
      'business acme',
    ]);
    expect(findings.find(({ check }) => check === 'relayer 00')).toMatchObject({
      level: 'ok',
      says: expect.stringMatching(
        `pid ${second.pid}: synchronous_commit off, which loses no event, PostgreSQL `,
      ),
    });
    second.child.kill('SIGTERM');
    expect(await second.exited).toBe(0);
  });
});

function momentsOf(events: readonly { readonly event: string; readonly data: unknown }[]): readonly Moment[] {
  return events.filter(({ event }) => event === 'moment').map(({ data }) => data as Moment);
}
