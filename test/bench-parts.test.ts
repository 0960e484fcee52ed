import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { askEndpoints } from '../apps/outbox/convoy-endpoints.ts';
import { listEvents } from '../apps/outbox/convoy-events.ts';
import { askProject } from '../apps/outbox/convoy-project.ts';
import { relayerFlags } from '../apps/relayer/config.ts';
import { defaultSlots } from '../scripts/bench/bench.ts';
import { readBenchConfig } from '../scripts/bench/config.ts';
import { formEvent } from '../scripts/bench/event-form.ts';
import { Gateway } from '../scripts/bench/gateway.ts';
import { HttpReader } from '../scripts/bench/http-reader.ts';
import { latenciesOf } from '../scripts/bench/latency.ts';
import { type Measure, percentilesOf, summaryOf } from '../scripts/bench/measure.ts';
import { pictureSvg } from '../scripts/bench/picture.ts';
import { msOfTime, usageOf } from '../scripts/bench/process-usage.ts';
import type { BenchResult } from '../scripts/bench/run.ts';
import { median, percentile } from '../scripts/bench/statistics.ts';
import { tableText } from '../scripts/bench/table.ts';
import { spawnNode, waitFor } from './helpers.ts';

test('the median is the middle value, and of an even number the mean of the two in the middle', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 10, 2])).toBe(3);
});

test('a percentile is a value that was measured: the nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, n) => 100 - n);
  expect([50, 95, 99, 100].map((percent) => percentile(hundred, percent))).toEqual([50, 95, 99, 100]);
  expect(percentile([7], 1)).toBe(7);
  expect(percentile([1, 2, 3], 50)).toBe(2);
});

test('figures of nothing, or of what is no number, are refused', () => {
  expect(() => median([])).toThrow('no values');
  expect(() => percentile([1, Number.NaN], 50)).toThrow('not a number');
});

test('a measure is summed up by its median run, with the lowest and the highest', () => {
  const [p50] = percentilesOf(
    { name: 'a', label: 'A' },
    [
      [1, 2, 3],
      [10, 20, 30],
      [4, 5, 6],
    ],
    [50],
  );
  if (p50 === undefined) throw new Error('no measure');
  expect(summaryOf(p50)).toEqual({
    ...{ name: 'a.p50', label: 'A p50', unit: 'ms' },
    ...{ median: 5, low: 2, high: 20, runs: 3, samplesPerRun: 3 },
  });
});

test.each([
  ['an unknown option', ['--peer'], /peer/],
  ['no runs', ['--runs', '0'], /--runs: expected a whole number from 1 to 1000, got "0"/],
  ['pending in words', ['--pending', 'many'], /--pending: expected a whole number/],
  ['a latency without a unit', ['--gateway-latency', '20'], /--gateway-latency: expected a duration/],
  ['an unknown part', ['--only', 'drain,speed'], /--only: expected some of drain,latency/],
  ['too many relayers', ['--relayers', '17'], /--relayers: expected a whole number from 1 to 16/],
  ['an option twice', ['--runs', '1', '--runs', '2'], /--runs was given more than once/],
  ['a word', ['everything'], /everything/],
  ['an unknown engine', ['--database', 'mysql'], /--database: expected sqlite, postgres or a postgres/],
  [
    'a part that one engine lacks',
    ['--only', 'bloat'],
    /bloat can be measured with --database postgres only/,
  ],
])('%s is refused by name', async (_what, args, message) => {
  await expect(readBenchConfig(args)).rejects.toMatchObject({ code: 'ERR_BENCH_USAGE' });
  await expect(readBenchConfig(args)).rejects.toThrow(message);
});

test('a wrong option ends the command with status 2 and one line', async () => {
  const run = spawnNode('build/scripts/bench/main.js', ['--runs', 'x']);
  expect(await run.exited).toBe(2);
  expect(run.stdout).toBe('');
  expect(run.stderr.trim().split('\n')).toHaveLength(1);
});

test('variants are what was asked for, and parts are measured in their order', async () => {
  const args = ['--gateway-latency', '20ms', '--relayers', '2', '--only', 'idle,drain', '--json'];
  expect(await readBenchConfig(args)).toMatchObject({
    ...{ runs: 5, pending: 10_000, relayers: 2, concurrency: null, gatewayLatencyMs: 20, json: true },
    only: ['drain', 'idle'],
  });
});

test("the limit has as many slots as the relayer's default", () => {
  expect(String(defaultSlots)).toBe(relayerFlags.concurrency.default);
});

function eventRequest(key: string): Buffer {
  const { businessId, eventType, payload } = formEvent(1);
  const body = `{"owner_id":"${businessId}","event_type":"${eventType}","idempotency_key":"${key}","data":${payload}}`;
  const head = `POST /api/v1/projects/p/events/fanout HTTP/1.1\r\nhost: x\r\nContent-Length: ${Buffer.byteLength(body)}`;
  return Buffer.from(`${head}\r\n\r\n${body}`);
}

test('requests are read whole, however the network cuts them', () => {
  const bytes = Buffer.concat([eventRequest('a'), Buffer.from('GET /x HTTP/1.1\r\n\r\n'), eventRequest('b')]);
  for (const size of [1, 7, 300, bytes.length]) {
    const reader = new HttpReader();
    const requests = [];
    for (let at = 0; at < bytes.length; at += size)
      requests.push(...reader.read(bytes.subarray(at, at + size)));
    expect(requests.map(({ method, target }) => `${method} ${target}`)).toEqual([
      'POST /api/v1/projects/p/events/fanout',
      'GET /x',
      'POST /api/v1/projects/p/events/fanout',
    ]);
    expect(requests[2]?.body.toString()).toContain('"idempotency_key":"b"');
  }
});

test('an event takes about 600 bytes', () => {
  const length =
    eventRequest('01a20a44-c215-7a07-945c-774644912f4b').toString().split('\r\n\r\n')[1]?.length ?? 0;
  expect(length).toBeGreaterThan(550);
  expect(length).toBeLessThan(650);
});

test('the gateway counts keys and repeats, stamps them, and forgets when it is told to', async () => {
  const gateway = new Gateway({ latencyMs: 0 });
  onTestFinished(() => gateway.close());
  const socket = connect(await gateway.listen(), '127.0.0.1');
  let answers = '';
  socket.on('data', (chunk) => {
    answers += chunk.toString();
  });
  socket.write(Buffer.concat([eventRequest('a'), eventRequest('b'), eventRequest('a')]));
  await waitFor('three answers', () => answers.split('HTTP/1.1 201 Created').length === 4);
  expect(gateway.tally.counts).toMatchObject({ accepted: 2, duplicates: 1 });
  expect(gateway.tally.arrivals.map(({ key }) => key)).toEqual(['a', 'b']);
  for (const { arrivedMs, answeredMs } of gateway.tally.arrivals)
    expect(answeredMs).toBeGreaterThanOrEqual(arrivedMs);
  expect(gateway.connections).toHaveLength(1);
  gateway.reset();
  expect(gateway.tally.counts).toMatchObject({ accepted: 0, duplicates: 0, bodyBytes: 0 });
  socket.destroy();
});

test('the gateway answers what a relayer asks, so that nothing is switched off for a benchmark', async () => {
  const gateway = new Gateway({ latencyMs: 0 });
  onTestFinished(() => gateway.close());
  const baseUrl = `http://127.0.0.1:${await gateway.listen()}/api`;
  const access = { baseUrl, projectId: 'bench', apiKey: 'k', timeoutMs: 5_000 };
  const { signal } = new AbortController();
  expect(await askProject(access)).toMatchObject({ kind: 'project', projectId: 'bench' });
  expect(await askEndpoints(access, 'acme', signal)).toEqual({ kind: 'endpoints', isAny: true });
  const query = { fromMs: 0, toMs: 1, perPage: 10, cursor: null, signal };
  expect(await listEvents(access, query)).toMatchObject({ kind: 'page', events: [], nextCursor: null });
});

test('latencies are refused unless every committed event arrived and was marked', () => {
  const commit = { keys: ['a'], beganMs: 1, committedMs: 2, committedAtMs: 100 };
  const arrival = { key: 'a', arrivedMs: 3, answeredMs: 5 };
  const marked = new Map([['a', 107]]);
  expect(latenciesOf([commit], [arrival], marked)).toEqual({ arrival: [1], acceptance: [3], processed: [7] });
  for (const [arrivals, times] of [
    [[], marked],
    [[arrival], new Map()],
  ] as const) {
    expect(() => latenciesOf([commit], arrivals, times)).toThrow('expected 1, got 0');
  }
});

test("another process's CPU time and memory can be told", () => {
  expect(usageOf(process.pid).residentBytes).toBeGreaterThan(10_000_000);
  expect(usageOf(process.pid).cpuMs).toBeGreaterThan(0);
  expect(['0:01.50', '01:02:03', '1-00:00:01'].map(msOfTime)).toEqual([1_500, 3_723_000, 86_401_000]);
});

test('table and picture show every figure with its spread', () => {
  const measure: Measure = {
    ...{ name: 'drain.rate', label: 'from <start> & on', unit: 'events/s' },
    ...{ values: [4_000, 6_000, 5_000], samplesPerRun: 10 },
  };
  const result: BenchResult = {
    ...{
      date: '2026-01-01T00:00:00.000Z',
      commit: 'abc',
      versions: { node: '20' },
      pragmas: { relayer: 'wal' },
    },
    machine: { cpu: 'C', cores: 2, memoryGb: 4, system: 's', loadBefore: 0 },
    settings: {
      ...{ runs: 3, pending: 10, relayers: 1, concurrency: null, engine: 'sqlite', gatewayLatencyMs: 0 },
      ...{ sizes: [10], processed: 0, lastingMs: 0, perSecond: null },
      ...{ only: ['drain'], peers: null },
    },
    measures: [{ ...summaryOf(measure), values: measure.values }],
  };
  expect(tableText(result)).toMatch(/^ {2}from <start> & on +5,000 events\/s +4,000 - 6,000 +3 x 10$/m);
  const svg = pictureSvg(result);
  expect(svg).toContain('from &lt;start&gt; &amp; on');
  expect(svg).toContain('>5,000</text>');
  expect(svg).not.toContain('NaN');
});
