// What must hold between any two looks at the table, whatever happened in between. It knows neither the model nor the
// SQL, so that a mistake made in both of those still shows.
import assert from 'node:assert/strict';
import type { EventRow } from '../outbox-database.ts';

/** The verb that ran between the two looks. */
export type Verb =
  | 'append'
  | 'turn'
  /** Of several relayers. */
  | 'turns'
  | 'take over'
  | 'resume'
  | 'redrive'
  | 'discard'
  | 'prune'
  | 'nothing';

const written: readonly (keyof EventRow)[] = [
  'id',
  'business_id',
  'event_type',
  'payload',
  'headers',
  'created_at',
];

/** Throws when the step from `before` to `after` breaks a rule of the state machine. */
export function assertInvariants(verb: Verb, before: readonly EventRow[], after: readonly EventRow[]): void {
  const earlier = new Map(before.map((row) => [row.seq, row]));
  const highestSeq = before.at(-1)?.seq ?? 0;
  for (const row of after) {
    const old = earlier.get(row.seq);
    earlier.delete(row.seq);
    if (old === undefined) {
      assert(verb === 'append' && row.seq > highestSeq, `event ${row.seq} came out of nowhere`);
    } else {
      assertStep(verb, old, row);
    }
  }
  for (const gone of earlier.values()) {
    assert(verb === 'prune' && gone.status === 'processed', `event ${gone.seq} (${gone.status}) is lost`);
  }
}

function assertStep(verb: Verb, before: EventRow, after: EventRow): void {
  const which = `event ${after.seq} after ${verb}`;
  assert(verb === 'redrive' || after.key_suffix === before.key_suffix, `${which}: another key`);
  for (const name of written) assert.equal(after[name], before[name], `${which}: ${name} was changed`);
  assert(after.lease_id === null || after.status === 'pending', `${which}: leased though ${after.status}`);

  if (before.status !== after.status) {
    const allowed =
      verb === 'redrive'
        ? after.status === 'pending'
        : before.status === 'pending' || (verb === 'discard' && before.status === 'dead');
    assert(allowed, `${which}: ${before.status} became ${after.status}`);
    const isDecision = verb === 'redrive' || verb === 'discard';
    assert.equal(after.status === 'discarded', verb === 'discard', `${which}: given up by nobody`);
    assert(isDecision || before.lease_id !== null, `${which}: settled without a lease`);
  }
  if (after.lease_id !== before.lease_id && after.lease_id !== null) {
    assert(verb === 'turn' || verb === 'turns', `${which}: leased`);
    // Between two looks one relayer may have settled it, which takes back its claim or all of them, and another claimed it.
    const fewest = verb === 'turns' ? 1 : before.claims + 1;
    const isCounted = after.claims >= fewest && after.claims <= before.claims + 1;
    assert(isCounted, `${which}: a claim was not counted once`);
  }
  if (verb !== 'redrive') {
    const counted = after.attempts - before.attempts;
    assert(counted === 0 || counted === 1, `${which}: ${counted} attempts counted at once`);
    assert(counted === 0 || before.lease_id !== null, `${which}: an attempt without a lease`);
  }
}
