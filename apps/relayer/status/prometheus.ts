// The door to prom-client: turns the metrics and their readings into Prometheus' text. Loaded at the first scrape, never before;
// the loop counts without it.
import { createRequire } from 'node:module';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { BucketCounts } from './bucket-counts.ts';
import { histograms, type Metric, metrics, type Readings } from './metrics.ts';

type Labels = Readonly<Record<string, string>>;

/** Prometheus' own metrics of a process, one by one: all of them at once would start timers and watch every garbage collection. */
const require = createRequire(import.meta.url);
const processMetrics = [
  require('prom-client/lib/metrics/processCpuTotal.js'),
  require('prom-client/lib/metrics/processStartTime.js'),
  require('prom-client/lib/metrics/osMemoryHeap.js'),
  require('prom-client/lib/metrics/processOpenFileDescriptors.js'),
] as ((registry: Registry, config: { readonly labels: Labels }) => void)[];

export interface Exporter {
  /** Media type of the text. */
  readonly type: string;
  /** The text of one scrape. */
  text(readings: Readings): Promise<string>;
}

/** `relayer` is the slot: the label of what is known of this process only. */
export function createExporter(relayer: string): Exporter {
  const registry = new Registry();
  let readings: Readings | null = null;
  const read = () => {
    if (readings === null) throw new Error('a metric was collected outside of a scrape');
    return readings;
  };
  for (const metric of metrics) register(metric, { registry, relayer, read });
  for (const { name, help, read: readCounts } of histograms) {
    new FilledHistogram({
      name,
      help,
      registry,
      labels: { relayer },
      counts: () => readCounts(read().meters),
    });
  }
  for (const registerInto of processMetrics) registerInto(registry, { labels: { relayer } });
  return {
    type: registry.contentType,
    text(fresh) {
      readings = fresh;
      return registry.metrics();
    },
  };
}

interface Registration {
  readonly registry: Registry;
  readonly relayer: string;
  readonly read: () => Readings;
}

function register(metric: Metric, { registry, relayer, read }: Registration): void {
  const { name, help } = metric;
  const own: Labels = metric.of === 'relayer' ? { relayer } : {};
  const labelNames = [...Object.keys(own), ...(metric.labels ?? [])];
  const options = { name, help, labelNames, registers: [registry] };
  const samples = () =>
    metric.read(read()).map(({ value, labels }) => ({ value, labels: { ...own, ...labels } }));
  if (metric.kind === 'gauge') {
    new Gauge({
      ...options,
      collect() {
        this.reset();
        // A reset metric without labels reads 0: what is not known is left out instead.
        if (labelNames.length === 0) this.remove();
        for (const { labels, value } of samples()) this.set(labels, value);
      },
    });
  } else {
    new Counter({
      ...options,
      collect() {
        this.reset();
        for (const { labels, value } of samples()) this.inc(labels, value);
      },
    });
  }
}

interface Filling {
  readonly name: string;
  readonly help: string;
  readonly registry: Registry;
  readonly labels: Labels;
  readonly counts: () => BucketCounts;
}

/** A histogram whose counts are kept elsewhere. */
class FilledHistogram extends Histogram {
  readonly #filling: Filling;

  constructor(filling: Filling) {
    const { name, help, registry, labels } = filling;
    super({ name, help, labelNames: Object.keys(labels), registers: [registry] });
    this.#filling = filling;
  }

  /** What the registry asks first, instead of `get`. */
  async getForPromString() {
    const { name, help, labels, counts } = this.#filling;
    const { bounds, counts: buckets, sum, total } = counts();
    const sample = (metricName: string, value: number, more: Labels = {}) => ({
      ...{ metricName, value, labels: { ...more, ...labels } },
    });
    let below = 0;
    const cumulative = bounds.map((bound, index) => {
      below += buckets[index] ?? 0;
      return sample(`${name}_bucket`, below, { le: String(bound) });
    });
    return {
      ...{ name, help, type: 'histogram' },
      values: [
        ...cumulative,
        sample(`${name}_bucket`, total, { le: '+Inf' }),
        sample(`${name}_sum`, sum),
        sample(`${name}_count`, total),
      ],
    };
  }
}
