// The peers: their exact versions (the newest that ran on Node 20 when this was written), what is set for each, and how long events of a dead
// worker wait. The one place to change when a peer moves on.
import type { PeerInfo } from './peer.ts';

export const peerList: readonly PeerInfo[] = [
  {
    name: 'outbox-event-bus',
    server: null,
    packages: { 'outbox-event-bus': '2.0.3', '@outbox-event-bus/sqlite-better-sqlite3-outbox': '2.0.3' },
    settings: {
      default: 'one bus, batchSize 50, pollIntervalMs 1000; fetch',
      tuned: '64 buses on one connection, batchSize 50, pollIntervalMs 10; undici Pool',
    },
    // expire_in_seconds of its schema, which no option sets.
    lease: { default: '5 min', tuned: '5 min' },
  },
  {
    name: 'plainjob',
    server: null,
    packages: { plainjob: '0.0.14' },
    settings: {
      default: 'one worker, poll every 1 s; fetch',
      tuned: '64 workers, poll every 10 ms each, no debug lines; undici Pool',
    },
    // Its option `timeout`, counted from when the job became due.
    lease: { default: '30 min', tuned: '30 min' },
  },
  {
    name: 'graphile-worker',
    server: 'PostgreSQL',
    packages: { 'graphile-worker': '0.18.0', pg: '8.23.1' },
    settings: {
      default: 'concurrency 5, pollInterval 1000 (its quickstart); fetch',
      tuned: 'concurrentJobs 64, localQueue 500, completeJobBatchDelay 0, no line per job; undici Pool',
    },
    // `locked_at < now() - interval '4 hours'` in its SQL, which no option sets.
    lease: { default: '4 h', tuned: '4 h' },
  },
  {
    name: 'pg-boss',
    server: 'PostgreSQL',
    packages: { 'pg-boss': '12.38.0', pg: '8.23.1' },
    settings: {
      default: 'work() without options: one job every 2 s; fetch',
      tuned:
        'localConcurrency 4, batchSize 100, burstWhenBatchFull, LISTEN/NOTIFY, heartbeatSeconds 30; undici Pool, 64 in flight',
    },
    // expireInSeconds; heartbeatSeconds plus monitorIntervalSeconds (60).
    lease: { default: '15 min', tuned: '30 to 90 s' },
  },
  {
    name: 'bullmq',
    server: 'Redis',
    packages: { bullmq: '6.7.0', ioredis: '5.8.2' },
    settings: {
      default: 'concurrency 1; fetch',
      tuned: 'concurrency 64, completed jobs removed; undici Pool',
    },
    // lockDuration and stalledInterval, 30 s each: a job is suspected at one check and moved back at the next.
    lease: { default: 'up to 60 s', tuned: 'up to 60 s' },
  },
];

export const peerNames: readonly string[] = peerList.map(({ name }) => name);
