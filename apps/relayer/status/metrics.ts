// The metrics by name, as plain data: what each means and where it is read. Names and units follow Prometheus' conventions. How
// they become its text is in prometheus.ts.
import type { BucketCounts } from './bucket-counts.ts';
import type { Figures } from './figures.ts';
import type { Meters } from './meters.ts';

/** What there is to read at a scrape. */
export interface Readings {
  readonly figures: Figures;
  readonly meters: Meters;
  /** Most events in flight. */
  readonly slots: number;
  readonly isReady: boolean;
}

export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge';
  /** `outbox`: the same whichever relayer is asked. `relayer`: of this process, whose slot is added as a label. */
  readonly of: 'outbox' | 'relayer';
  /** Labels beside that. */
  readonly labels?: readonly string[];
  readonly read: (readings: Readings) => readonly Sample[];
}

export interface HistogramMetric {
  readonly name: string;
  readonly help: string;
  readonly read: (meters: Meters) => BucketCounts;
}

const one = (value: number): readonly Sample[] => [{ value }];
const each = (label: string, values: Readonly<Record<string, number>>): readonly Sample[] =>
  Object.entries(values).map(([name, value]) => ({ value, labels: { [label]: name } }));

const waitReasons = { gateway: 0, retry: 0, endpoint: 0, evidence: 0 } as const;
const gatewayStates = ['open', 'paused', 'probing', 'ramping'] as const;

const ofOutbox: readonly Metric[] = [
  {
    ...{ name: 'outbox_events_appended_total', kind: 'counter', of: 'outbox' },
    help: 'Events ever appended to this outbox; on PostgreSQL those of rolled-back transactions, too.',
    read: ({ figures }) => one(figures.appended),
  },
  {
    ...{ name: 'outbox_events_pending', kind: 'gauge', of: 'outbox' },
    help: 'Events that are not accepted yet, leased ones included.',
    read: ({ figures }) => one(figures.pending),
  },
  {
    ...{ name: 'outbox_events_leased', kind: 'gauge', of: 'outbox' },
    help: 'Events that relayers have in flight.',
    read: ({ figures }) => one(figures.leased),
  },
  {
    ...{ name: 'outbox_events_dead', kind: 'gauge', of: 'outbox' },
    help: 'Events that can never be delivered as they are; counted up to 20,000.',
    read: ({ figures }) => one(figures.dead),
  },
  {
    ...{ name: 'outbox_events_waiting', kind: 'gauge', of: 'outbox', labels: ['reason'] },
    help: 'Why pending events wait, among the 500 that become due first.',
    read: ({ figures }) =>
      each('reason', {
        ...waitReasons,
        ...Object.fromEntries(figures.waiting.map(({ reason, events }) => [reason, events])),
      }),
  },
  {
    ...{ name: 'outbox_oldest_pending_age_seconds', kind: 'gauge', of: 'outbox' },
    help: 'Age of the oldest pending event; 0 when none is pending.',
    read: ({ figures }) => one(figures.oldestPendingSeconds),
  },
  {
    ...{ name: 'outbox_last_acceptance_timestamp_seconds', kind: 'gauge', of: 'outbox' },
    help: 'When the newest accepted event was settled; absent before the first.',
    read: ({ figures }) => (figures.lastAcceptanceSeconds === null ? [] : one(figures.lastAcceptanceSeconds)),
  },
  {
    ...{ name: 'outbox_convoy_stalled', kind: 'gauge', of: 'outbox' },
    help: 'Whether Convoy accepts events and stores none: 1 until reading back has found some again.',
    read: ({ figures }) => one(figures.stalledSinceMs === null ? 0 : 1),
  },
  {
    ...{ name: 'outbox_last_undelivered_timestamp_seconds', kind: 'gauge', of: 'outbox' },
    help: 'When an accepted event last turned out to be one that Convoy will not deliver; absent before the first.',
    read: ({ figures }) => (figures.undeliveredAtMs === null ? [] : one(figures.undeliveredAtMs / 1_000)),
  },
  {
    ...{ name: 'outbox_relayer_start_timestamp_seconds', kind: 'gauge', of: 'outbox', labels: ['relayer'] },
    help: 'The newest start of a relayer in each slot.',
    read: ({ figures }) =>
      figures.starts.map(({ slot, atSeconds }) => ({ value: atSeconds, labels: { relayer: slot } })),
  },
  {
    ...{ name: 'outbox_wal_bytes', kind: 'gauge', of: 'outbox' },
    help: 'Size of the write-ahead log; absent on PostgreSQL.',
    read: ({ figures }) => (figures.walBytes === null ? [] : one(figures.walBytes)),
  },
];

const ofRelayer: readonly Metric[] = [
  {
    ...{ name: 'outbox_deliveries_total', kind: 'counter', of: 'relayer', labels: ['outcome'] },
    help: "Convoy's answers, by what they mean.",
    read: ({ meters }) => each('outcome', meters.outcomes),
  },
  {
    ...{ name: 'outbox_settlements_total', kind: 'counter', of: 'relayer', labels: ['settlement'] },
    help: 'Leases ended, by how.',
    read: ({ meters }) => each('settlement', meters.settlements),
  },
  {
    ...{ name: 'outbox_claims_total', kind: 'counter', of: 'relayer' },
    help: 'Events claimed.',
    read: ({ meters }) => one(meters.claimed),
  },
  {
    ...{ name: 'outbox_leases_lost_total', kind: 'counter', of: 'relayer' },
    help: "Settlements that came when the lease was somebody else's already.",
    read: ({ meters }) => one(meters.leasesLost),
  },
  {
    ...{ name: 'outbox_turn_failures_total', kind: 'counter', of: 'relayer' },
    help: 'Turns that the database refused.',
    read: ({ meters }) => one(meters.turnsFailed),
  },
  {
    ...{ name: 'outbox_in_flight_events', kind: 'gauge', of: 'relayer' },
    help: 'Events claimed and not settled yet.',
    read: ({ meters }) => one(meters.inFlight),
  },
  {
    ...{ name: 'outbox_slots', kind: 'gauge', of: 'relayer' },
    help: 'Most events in flight: --concurrency.',
    read: ({ slots }) => one(slots),
  },
  {
    ...{ name: 'outbox_gateway_state', kind: 'gauge', of: 'relayer', labels: ['state'] },
    help: 'Convoy as this relayer sees it: 1 for the state that it is in.',
    read: ({ meters }) =>
      gatewayStates.map((state) => ({
        value: meters.gateway.state === state ? 1 : 0,
        labels: { state },
      })),
  },
  {
    ...{ name: 'outbox_ready', kind: 'gauge', of: 'relayer' },
    help: 'Whether this relayer can do its work: 1 while /readyz says so.',
    read: ({ isReady }) => one(isReady ? 1 : 0),
  },
];

export const metrics: readonly Metric[] = [...ofOutbox, ...ofRelayer];

/** All of this process. */
export const histograms: readonly HistogramMetric[] = [
  {
    name: 'outbox_acceptance_latency_seconds',
    help: 'From the creation of an event to its acceptance.',
    read: (meters) => meters.acceptance,
  },
  {
    name: 'outbox_delivery_duration_seconds',
    help: "From handing an event over to Convoy's answer.",
    read: (meters) => meters.delivery,
  },
  {
    name: 'outbox_turn_duration_seconds',
    help: 'Turns that settled or claimed something, lock waits included.',
    read: (meters) => meters.turn,
  },
];
