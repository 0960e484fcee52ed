// One fault of the gateway from beginning to end: the real relayer, its real deliverer and a real store, in a time that
// passes only while nothing is on the wire.
import dns from 'node:dns';
import { vi } from 'vitest';
import type { ClaimedEvent } from '../../apps/outbox/store.ts';
import type { Outcome } from '../../apps/relayer/outcome.ts';
import { delivererFor } from '../delivery.ts';
import { FakeClock } from '../fake-clock.ts';
import { createRig, type Rig } from '../relayer-rig.ts';
import type { FaultRow } from './consequence.ts';
import { FaultyGateway } from './faulty-gateway.ts';

export interface Trouble extends Rig {
  readonly gateway: FaultyGateway;
  /** Each delivery begun, by lease and event: none may be begun twice. */
  readonly begun: readonly string[];
  /** Deliveries that have an outcome. */
  readonly ended: { count: number };
  heal(): Promise<void>;
}

/** A gateway that can have this fault (it is healthy yet), and a relayer that delivers to it. */
export async function prepare(row: FaultRow): Promise<Trouble> {
  const clock = new FakeClock();
  const gateway = await FaultyGateway.start(row.fault, clock);
  const host = row.host ?? (row.fault.certificate === undefined ? '127.0.0.1' : 'localhost');
  const scheme = row.fault.certificate === undefined ? 'http' : 'https';
  const concurrency = 8;
  const deliverer = delivererFor(`${scheme}://${host}:${gateway.port}`, { clock, concurrency });
  const begun: string[] = [];
  const ended = { count: 0 };
  let change = () => {};
  gateway.onHeld = () => change();
  let isSilent = row.fault.isBlackHole === true;
  clock.outside = () => {
    const isQuiet = isSilent || begun.length - ended.count === gateway.held;
    if (isQuiet) return null;
    return new Promise<void>((resolve) => {
      change = resolve;
    });
  };
  const deliver = async (event: ClaimedEvent, timeoutMs: number): Promise<Outcome> => {
    begun.push(`${event.leaseId} ${event.seq}`);
    const outcome = await deliverer.deliver(event, timeoutMs);
    ended.count += 1;
    change();
    return outcome;
  };
  const resolver = row.host === 'no-such-host.invalid' ? failOneLookup() : null;
  const heal = async () => {
    isSilent = false;
    resolver?.heal();
    await gateway.heal();
  };
  const rig = await createRig({ clock, deliver, concurrency });
  return { ...rig, gateway, begun, ended, heal };
}

/** The resolver is asked once in earnest; its answer stands until it is healed. */
function failOneLookup(): { heal(): void } {
  const lookup = dns.lookup.bind(dns) as (...args: unknown[]) => void;
  let isHealed = false;
  let failure: unknown;
  vi.spyOn(dns, 'lookup').mockImplementation(((...args: unknown[]) => {
    const callback = args.at(-1) as (...result: unknown[]) => void;
    if (isHealed) return process.nextTick(callback, null, [{ address: '127.0.0.1', family: 4 }]);
    if (failure !== undefined) return process.nextTick(callback, failure);
    lookup(...args.slice(0, -1), (error: unknown, ...found: unknown[]) => {
      failure = error;
      callback(error, ...found);
    });
  }) as typeof dns.lookup);
  return {
    heal: () => {
      isHealed = true;
    },
  };
}
