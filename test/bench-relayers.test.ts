// What the benchmark's parts for several relayers and for events that come and go are made of. What they measure is not judged.
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { bloatMeasures } from '../scripts/bench/bloat-figures.ts';
import { Gateway } from '../scripts/bench/gateway.ts';
import { relayersCells, sharesOf } from '../scripts/bench/relayers.ts';
import { relayersMeasures } from '../scripts/bench/relayers-figures.ts';
import { waitFor } from './helpers.ts';

function eventRequest(apiKey: string, key: string): string {
  const body = `{"idempotency_key":"${key}"}`;
  return `POST /api/v1/projects/p/events/fanout HTTP/1.1\r\nauthorization: Bearer ${apiKey}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

test('the gateway tells from whom each event came first, by the key of its connection, since the last reset', async () => {
  const gateway = new Gateway({ latencyMs: 0 });
  onTestFinished(() => gateway.close());
  const port = await gateway.listen();
  const [one, other] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  onTestFinished(() => void [one, other].map((socket) => socket.destroy()));
  one.write(eventRequest('k1', 'a') + eventRequest('k1', 'b'));
  await waitFor('two events', () => gateway.tally.accepted === 2);
  other.write(eventRequest('k2', 'b') + eventRequest('k2', 'c'));
  await waitFor('three events', () => gateway.tally.accepted === 3);
  expect(gateway.shares).toEqual({ k1: 2, k2: 1 });
  gateway.reset();
  one.write(eventRequest('k1', 'd'));
  await waitFor('one more', () => gateway.tally.accepted === 1);
  expect(gateway.shares).toEqual({ k1: 1 });
});

test('a relayer that delivered nothing has a share, too', () => {
  expect(sharesOf({ k1: 5, k3: 7 }, 4)).toEqual([5, 7, 0, 0]);
});

test('one to eight relayers are measured, near and 20 ms away, but for what was asked for', () => {
  expect(relayersCells({ gatewayLatencyMs: 0, relayers: 1 })).toHaveLength(8);
  expect(relayersCells({ gatewayLatencyMs: 5, relayers: 2 })).toEqual([{ latencyMs: 5, relayers: 2 }]);
});

test('several relayers are compared with one that had the same gateway in the same run', () => {
  const cell = (latencyMs: number, relayers: number) => ({ latencyMs, relayers, label: '' });
  const shared = (perSecond: number) => ({
    ...{ perSecond, fewest: 1, most: 2, relayerUs: 3, serverUs: 4 },
  });
  const cells = [cell(0, 1), cell(0, 2), cell(20, 1), cell(20, 2)];
  const runs = [
    [shared(100), shared(150), shared(10), shared(20)],
    [shared(200), shared(200), shared(10), shared(30)],
  ];
  const values = Object.fromEntries(
    relayersMeasures(cells, runs, 9).map(({ name, values }) => [name, values]),
  );
  expect(values).toMatchObject({
    'relayers.0ms.1.rate': [100, 200],
    'relayers.0ms.2.ratio': [1.5, 1],
    'relayers.20ms.2.ratio': [2, 3],
    'relayers.20ms.2.cpu-server': [4, 4],
  });
  const unseen = runs.map((run) => run.map((one) => ({ ...one, serverUs: null })));
  const names = relayersMeasures(cells, unseen, 9).map(({ name }) => name);
  expect(names.some((name) => name.endsWith('cpu-server'))).toBe(false);
});

test('what events left behind is told over time, and against what was there before', () => {
  const look = {
    ...{ tableBytes: 0, indexBytes: 0, liveRows: 0, deadRows: 0 },
    ...{ updates: 100, hotUpdates: 0, autovacuums: 1, logBytes: 5_000 },
  };
  const later = (atMs: number) => ({
    ...{ ...look, tableBytes: 3_000_000, indexBytes: 1_000_000, deadRows: 7, updates: 400, hotUpdates: 30 },
    ...{ autovacuums: 4, logBytes: 205_000, atMs, appended: 100, processed: 90, confirmed: 80, pruned: 60 },
  });
  const measures = bloatMeasures({
    ...{ before: look, seen: [later(1_000), later(2_000)], indexes: [{ name: 'events_due', bytes: 2e6 }] },
  });
  expect(Object.fromEntries(measures.map(({ name, values }) => [name, values[0]]))).toMatchObject({
    ...{ 'bloat.table.2s': 3, 'bloat.indexes.2s': 1, 'bloat.rows.2s': 40, 'bloat.dead.2s': 7 },
    ...{ 'bloat.rate': 45, 'bloat.row': 100, 'bloat.log': 2, 'bloat.updates': 3, 'bloat.hot': 10 },
    ...{ 'bloat.vacuums': 3, 'bloat.index.events_due': 2 },
  });
  expect(measures.map(({ name }) => name)).not.toContain('bloat.table.1s');
});
