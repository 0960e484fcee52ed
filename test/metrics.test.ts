// What Prometheus is told, and that dashboard, alerts and runbook speak of exactly that.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { ClaimedEvent, Settlement } from '../apps/outbox/store.ts';
import { projectRoot } from './helpers.ts';
import { insertEvent, insertEvents, plainConnection } from './outbox-database.ts';
import { unavailable } from './relayer-rig.ts';
import { ask, type StatusRig, startStatus } from './status-rig.ts';

const read = (file: string) => readFileSync(path.join(projectRoot, 'docs', file), 'utf8');

/** Samples by name and labels, as they stand in the text. */
async function scrape({ port }: StatusRig): Promise<Map<string, number>> {
  const { status, body } = await ask(port, '/metrics');
  expect(status).toBe(200);
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

const nameOf = (sample: string) => sample.replace(/\{.*/, '');
const event = (createdAtMs: number) => ({ createdAtMs }) as ClaimedEvent;
const lease = { seq: 1, leaseId: '00:x:1' };

test('counts come from the database, for every relayer the same', async () => {
  const rig = await startStatus();
  const db = plainConnection(rig.file);
  insertEvents(db, 3);
  insertEvent(db, { available_at: Date.now() + 60_000, wait_reason: 'endpoint' });
  insertEvent(db, { status: 'dead' });
  await rig.store.log({
    kind: 'relayer_started',
    detail: { slot: '03', pid: 1, events: 0 },
    nowMs: 1_000_000,
  });
  const samples = await scrape(rig);
  expect(Object.fromEntries([...samples].filter(([name]) => !/relayer="00"/.test(name)))).toMatchObject({
    outbox_events_appended_total: 5,
    outbox_events_pending: 4,
    outbox_events_leased: 0,
    outbox_events_dead: 1,
    'outbox_events_waiting{reason="endpoint"}': 1,
    'outbox_events_waiting{reason="gateway"}': 0,
    'outbox_relayer_start_timestamp_seconds{relayer="03"}': 1_000,
  });
  expect(samples.has('outbox_last_acceptance_timestamp_seconds')).toBe(false);
  expect(samples.get('outbox_convoy_stalled')).toBe(0);
  expect(samples.has('outbox_last_undelivered_timestamp_seconds')).toBe(false);
  await rig.store.log({ kind: 'pipeline', detail: { state: 'stalled' }, nowMs: 2_000_000 });
  await rig.store.log({ kind: 'undelivered', detail: { reason: 'r' }, nowMs: 3_000_000 });
  expect(Object.fromEntries(await scrape(rig))).toMatchObject({
    outbox_convoy_stalled: 1,
    outbox_last_undelivered_timestamp_seconds: 3_000,
  });
  await rig.store.log({ kind: 'pipeline', detail: { state: 'storing' }, nowMs: 4_000_000 });
  expect((await scrape(rig)).get('outbox_convoy_stalled')).toBe(0);
  insertEvent(db, { status: 'processed', processed_at: '2026-01-01T00:00:00.000+00:00' });
  expect((await scrape(rig)).get('outbox_last_acceptance_timestamp_seconds')).toBe(
    Date.UTC(2026, 0, 1) / 1_000,
  );
});

test('what this process has done carries its slot, and counters only rise', async () => {
  const rig = await startStatus();
  const { meters } = rig;
  for (let scrapes = 1; scrapes <= 2; scrapes++) {
    meters.delivered(event(Date.now() - 40), { kind: 'accepted' }, 7);
    meters.delivered(event(0), unavailable(), 12_000);
    const settlements: Settlement[] = [
      { ...lease, kind: 'processed', gateway: 'g' },
      { ...lease, kind: 'dead', error: 'never', countsAttempt: true },
    ];
    meters.turned({ settlements, claimed: 5, tookMs: 0.2 });
    meters.leasesWereLost(1);
    const samples = await scrape(rig);
    expect(Object.fromEntries(samples)).toMatchObject({
      'outbox_deliveries_total{relayer="00",outcome="accepted"}': scrapes,
      'outbox_deliveries_total{relayer="00",outcome="unavailable"}': scrapes,
      'outbox_settlements_total{relayer="00",settlement="dead"}': scrapes,
      'outbox_claims_total{relayer="00"}': 5 * scrapes,
      'outbox_leases_lost_total{relayer="00"}': scrapes,
      'outbox_in_flight_events{relayer="00"}': 3 * scrapes,
      'outbox_slots{relayer="00"}': 32,
      'outbox_gateway_state{relayer="00",state="open"}': 1,
      'outbox_ready{relayer="00"}': 1,
      'outbox_delivery_duration_seconds_bucket{le="0.005",relayer="00"}': 0,
      'outbox_delivery_duration_seconds_bucket{le="0.01",relayer="00"}': scrapes,
      'outbox_delivery_duration_seconds_bucket{le="+Inf",relayer="00"}': 2 * scrapes,
      'outbox_delivery_duration_seconds_count{relayer="00"}': 2 * scrapes,
      'outbox_acceptance_latency_seconds_count{relayer="00"}': scrapes,
    });
    const sum = samples.get('outbox_delivery_duration_seconds_sum{relayer="00"}');
    expect(sum).toBeCloseTo(12.007 * scrapes, 6);
  }
  expect((await scrape(rig)).get('process_cpu_seconds_total{relayer="00"}')).toBeGreaterThanOrEqual(0);
});

test('names and units keep to the conventions of Prometheus', async () => {
  const rig = await startStatus();
  const { body } = await ask(rig.port, '/metrics');
  const types = [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => ({
    name,
    type,
  }));
  const helped = new Set([...body.matchAll(/^# HELP (\S+) \S.*\.$/gm)].map(([, name]) => name));
  expect(types.length).toBeGreaterThan(20);
  for (const { name, type } of types) {
    expect([name, helped.has(name)]).toEqual([name, true]);
    expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    expect(name).toMatch(/^(outbox|process)_[a-z_]+$/);
    expect(name).not.toMatch(/_ms|milli|minutes|_kb|_mb/);
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
  }
});

/** Every metric that a file's queries name. */
function metricsIn(text: string): readonly string[] {
  return [...new Set(text.match(/\b(outbox|process)_[a-z_]+\b/g) ?? [])];
}

const dashboard = JSON.parse(read('grafana-dashboard.json')) as {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
};
const alerts = read('prometheus-alerts.yml');
const expressions = [...alerts.matchAll(/^ +expr: (.*)$/gm)].map(([, expr]) => expr ?? '');

test('each metric that dashboard and alerts name exists, and each of ours is on the dashboard', async () => {
  const rig = await startStatus();
  insertEvent(plainConnection(rig.file), {
    status: 'processed',
    processed_at: '2026-01-01T00:00:00.000+00:00',
  });
  await rig.store.log({ kind: 'relayer_started', detail: { slot: '00' }, nowMs: 0 });
  await rig.store.log({ kind: 'undelivered', detail: { reason: 'r' }, nowMs: 0 });
  const exported = new Set([...(await scrape(rig)).keys()].map(nameOf));
  const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  expect(queries.length).toBeGreaterThan(20);
  expect(expressions.length).toBeGreaterThan(5);
  const named = [...queries, ...expressions].flatMap(metricsIn);
  expect(named.filter((name) => !exported.has(name))).toEqual([]);
  const shown = queries.flatMap(metricsIn);
  const ours = [...exported].filter((name) => name.startsWith('outbox_') && !/_(sum|count)$/.test(name));
  expect(ours.filter((name) => !shown.includes(name))).toEqual([]);
});

test('each label value that a query asks for is one that is exported', async () => {
  const samples = [...(await scrape(await startStatus())).keys()];
  const texts = [
    ...expressions,
    ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ];
  const asked = texts.flatMap((text) => [...text.matchAll(/(outbox_\w+)\{(\w+)=~?"([^"]+)"/g)]);
  expect(asked.length).toBeGreaterThan(3);
  for (const [, metric = '', label = '', values = ''] of asked) {
    for (const value of values.split('|')) {
      const found = samples.some(
        (sample) => nameOf(sample) === metric && sample.includes(`${label}="${value}"`),
      );
      expect([metric, label, value, found]).toEqual([metric, label, value, true]);
    }
  }
});

test('each alert has its entry in the runbook', () => {
  const operations = read('operations.md');
  const names = [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name ?? '');
  expect(names.length).toBe(expressions.length);
  for (const name of names) {
    expect(operations).toContain(`\n### ${name}\n`);
    expect(alerts).toContain(`runbook: docs/operations.md#${name.toLowerCase()}\n`);
  }
});
