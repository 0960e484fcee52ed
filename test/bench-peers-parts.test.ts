import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { readBenchConfig } from '../scripts/bench/config.ts';
import { Gateway } from '../scripts/bench/gateway.ts';
import { type Measure, summaryOf } from '../scripts/bench/measure.ts';
import { isInTime } from '../scripts/bench/patience.ts';
import { variants } from '../scripts/bench/peers/peer.ts';
import { formPeerEvent } from '../scripts/bench/peers/peer-event.ts';
import { peerList, peerNames } from '../scripts/bench/peers/peer-list.ts';
import { measuresOf } from '../scripts/bench/peers/peer-works.ts';
import { peersTableText, shortly } from '../scripts/bench/peers/peers-table.ts';
import { postOf } from '../scripts/bench/peers/post.ts';
import type { PeersReport } from '../scripts/bench/peers/run-peers.ts';
import { serverUsage } from '../scripts/bench/peers/server-usage.ts';
import { pictureSvg } from '../scripts/bench/picture.ts';
import type { BenchResult } from '../scripts/bench/run.ts';
import { spawnNode, waitFor } from './helpers.ts';

test('peers are all of them or some, three runs, and only of what they can do', async () => {
  expect(await readBenchConfig(['--peers'])).toMatchObject({
    ...{ peers: peerNames, runs: 3, only: ['drain', 'latency', 'recovery'] },
  });
  expect(await readBenchConfig(['--peers', '--runs', '1'])).toMatchObject({ peers: peerNames, runs: 1 });
  expect(await readBenchConfig(['--peers', 'bullmq,plainjob', '--only', 'drain'])).toMatchObject({
    ...{ peers: ['plainjob', 'bullmq'], only: ['drain'] },
  });
  expect(await readBenchConfig([])).toMatchObject({ peers: null, runs: 5 });
});

test.each([
  ['an unknown peer', ['--peers', 'bull'], /--peers: expected some of outbox-event-bus,.*got "bull"/],
  ['several relayers', ['--peers', '--relayers', '2'], /--relayers: with --peers/],
  [
    'a part without peers',
    ['--peers', '--only', 'writer'],
    /--only: expected some of drain,latency,recovery/,
  ],
])('%s is refused by name', async (_what, args, message) => {
  await expect(readBenchConfig(args)).rejects.toThrow(message);
});

test('every peer has exact versions, and its settings and lease for both variants', () => {
  for (const { packages, settings, lease } of peerList) {
    for (const version of Object.values(packages)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    for (const variant of variants) {
      expect(settings[variant]).not.toBe('');
      expect(lease[variant]).not.toBe('');
    }
  }
});

test.each(variants)('what the gateway did not accept is no success, %s', async (variant) => {
  const gateway = new Gateway({ latencyMs: 0 });
  onTestFinished(() => gateway.close());
  const body = JSON.stringify(formPeerEvent(1));
  await postOf(variant, `http://127.0.0.1:${await gateway.listen()}/api`)(body);
  expect(gateway.tally.counts).toMatchObject({ accepted: 1, bodyBytes: Buffer.byteLength(body) });
  let answer = { status: 201, body: '{"status":false}' };
  const other = createServer((_, response) => {
    response.writeHead(answer.status).end(answer.body);
  });
  onTestFinished(() => void other.close());
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const address = other.address();
  const post = postOf(variant, `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/api`);
  await expect(post(body)).rejects.toThrow('not accepted: 201');
  answer = { status: 503, body: '{"status":true}' };
  await expect(post(body)).rejects.toThrow('not accepted: 503');
  other.closeAllConnections();
});

test('whether something is done in time is known as soon as it is, and an interruption ends the wait', async () => {
  const { signal } = new AbortController();
  const never = new Promise(() => {});
  expect(await isInTime(Promise.resolve(), { withinMs: 10_000, signal })).toBe(true);
  expect(await isInTime(never, { withinMs: 1, signal })).toBe(false);
  const failed = Promise.reject(new Error('it broke'));
  await expect(isInTime(failed, { withinMs: 10_000, signal })).rejects.toThrow('it broke');
  const interrupted = isInTime(never, { withinMs: 10_000, signal: AbortSignal.abort() });
  await expect(interrupted).rejects.toMatchObject({ code: 'ERR_BENCH_INTERRUPTED' });
});

test.skipIf(process.platform !== 'linux')(
  "a server's CPU time is that of its first process and its children",
  async () => {
    const child = spawnNode('-e', ['setInterval(() => {}, 1000)']);
    const name = await waitFor('it has a name', () => readFileSync(`/proc/${child.pid}/comm`, 'utf8').trim());
    const own = readFileSync(`/proc/${process.pid}/comm`, 'utf8').trim();
    // The child is to be of the same server as this process, which it is if they have one name.
    expect(serverUsage(child.pid, name)).toEqual(own === name ? expect.any(Number) : null);
    expect(serverUsage(child.pid, 'somebody')).toBeNull();
    expect(serverUsage(2 ** 22 + 1, name)).toBeNull();
  },
);

const load = { pending: 10, trickled: 100, backlog: 5_000 };
const drain = (perSecond: number, cpuUsPerEvent: number, serverUsPerEvent: number | null = null) => ({
  ...{ perSecond, cpuUsPerEvent, serverUsPerEvent, isCut: false, bodyBytes: 1 },
});
const ours = [{ drain: drain(4_000, 100), trickle: { p50Ms: 2, p99Ms: 4 } }];
const theirs = [
  {
    drain: drain(2_000, 100, 300),
    trickle: null,
    kill: { nextMs: 300, stranded: 64, strandedSent: 60, repeats: 0 },
  },
];

test('a ratio is ours divided by theirs of the same run, and what was not measured has none', () => {
  const values = Object.fromEntries(
    measuresOf({ name: 'p.tuned', label: 'p, tuned', runs: theirs }, ours, load).map((measure) => [
      measure.name.replace('peers.p.tuned.', ''),
      measure.values,
    ]),
  );
  expect(values).toEqual({
    ...{ drain: [2_000], 'drain.ratio': [2], cpu: [100], 'cpu.ratio': [1], 'cpu-server': [300] },
    ...{ 'cpu-all': [400], 'cpu-all.ratio': [0.25], kill: [300] },
    ...{ stranded: [64], 'stranded-sent': [60], repeats: [0] },
  });
  const own = measuresOf({ name: 'ours', label: 'ours', runs: ours }, ours, load);
  expect(own.map(({ name }) => name)).not.toContain('peers.ours.drain.ratio');
});

test('figures of all sizes are short', () => {
  const values = [12_345.6, 246.6, 13.58, 2.5, 0.4712, 0.00321, 0];
  expect(values.map(shortly)).toEqual(['12,346', '247', '13.6', '2.50', '0.47', '0.003', '0.00']);
});

test('table and picture show everybody, who is slow, who was left out and why', () => {
  const entry = { version: '1', settings: 'as it comes', database: 'SQLite', lease: '30 min', isCut: false };
  const peers: PeersReport = {
    entries: [
      { ...entry, name: 'ours', label: 'ours', keepsUp: true },
      { ...entry, name: 'p.tuned', label: 'p, tuned', keepsUp: false, isCut: true },
    ],
    leftOut: [{ name: 'q', why: 'no Redis' }],
  };
  const measures: readonly Measure[] = [
    ...measuresOf({ name: 'ours', label: 'ours', runs: ours }, ours, load),
    ...measuresOf({ name: 'p.tuned', label: 'p, tuned', runs: theirs }, ours, load),
  ];
  const result: BenchResult = {
    ...{ date: '2026-01-01T00:00:00.000Z', commit: 'abc', versions: { node: '20' }, pragmas: {} },
    machine: { cpu: 'C', cores: 2, memoryGb: 4, system: 's', loadBefore: 0 },
    settings: {
      ...{ runs: 1, pending: 10, relayers: 1, concurrency: null, engine: 'sqlite', gatewayLatencyMs: 0 },
      ...{ sizes: [10], processed: 0, lastingMs: 0, perSecond: null },
      ...{ only: ['drain', 'latency', 'recovery'], peers: ['p', 'q'] },
    },
    measures: measures.map((measure) => ({ ...summaryOf(measure), values: measure.values })),
    peers,
  };
  const text = peersTableText(result, peers);
  expect(text).toMatch(/^ours +4,000 +2\.00 +4\.0 +100 +- +- +-$/m);
  expect(text).toMatch(
    /^p, tuned +~2,000 \(2\.00\) +too slow +too slow +100 \(1\.00\) +400 \(0\.25\) +300 +64 \(60\), 30 min$/m,
  );
  expect(text).toMatch(/^q is left out: no Redis$/m);
  expect(pictureSvg(result)).toContain('>p, tuned</text>');
});
