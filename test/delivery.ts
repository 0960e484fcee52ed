// A deliverer on a test's server, and an event to hand to it.
import { onTestFinished } from 'vitest';
import { systemClock } from '../apps/outbox/clock.ts';
import type { ClaimedEvent } from '../apps/outbox/store.ts';
import { createDeliverer, type Deliverer, type DeliverOptions } from '../apps/relayer/deliver.ts';

/** The key that deliverers of tests use. */
export const testKey = 'CO.test-key-1234567890';

/** A claimed event; what is not given is ordinary. */
export function claimedEvent(change: Partial<ClaimedEvent> = {}): ClaimedEvent {
  return {
    seq: 1,
    id: '0194c2f0-0000-7000-8000-000000000001',
    keySuffix: '',
    businessId: 'acme',
    eventType: 'invoice.created',
    payload: '{"amount":1.10}',
    headers: null,
    leaseId: '00:test:1',
    attempts: 0,
    claims: 1,
    createdAtMs: 0,
    ...change,
  };
}

/** A deliverer for the server at `url`, closed when the test has finished. */
export function delivererFor(url: string, change: Partial<DeliverOptions> = {}): Deliverer {
  const deliverer = createDeliverer({
    baseUrl: `${url}/api`,
    projectId: 'project-1',
    apiKey: testKey,
    concurrency: 4,
    connectTimeoutMs: 5_000,
    clock: systemClock,
    ...change,
  });
  onTestFinished(() => deliverer.close());
  return deliverer;
}
