// What must hold of invoices, events and acceptances after any run. Pure functions of the evidence that return the
// offenders.
import type { Evidence, EvidenceEvent } from './evidence.ts';
import type { Invariant } from './invariant.ts';
import { linesOf } from './record.ts';
import { causesOf, repeatsOf } from './repeat-causes.ts';
import { explainRepeats } from './repeats.ts';

/** The worst first. */
export const dataInvariants: readonly Invariant[] = [
  {
    name: 'journalled-is-committed',
    promise: 'Each invoice whose commit was acknowledged is in the database.',
    offenders: ({ journal, invoices }) => [...journal].filter((id) => !invoices.has(id)),
  },
  {
    name: 'commits-are-journalled',
    promise:
      'The journal is a witness: it lacks at most one invoice for each ingester killed between COMMIT and journal, and for each COMMIT whose reply was lost.',
    offenders: unwitnessed,
  },
  {
    name: 'one-event-per-invoice',
    promise: 'Each invoice has exactly one event, and each event but poison has its invoice.',
    offenders: unpaired,
  },
  {
    name: 'committed-is-accepted',
    promise: 'Each committed event was accepted at least once.',
    offenders: (evidence) => {
      const accepted = new Set(evidence.ledger.accepted.map(({ key }) => key));
      return healthyEvents(evidence)
        .filter(({ key }) => !accepted.has(key))
        .map(({ key }) => key);
    },
  },
  {
    name: 'committed-is-processed',
    promise: 'Each committed event is processed; none is dead or waiting but poison.',
    offenders: (evidence) =>
      healthyEvents(evidence)
        .filter(({ status }) => status !== 'processed')
        .map(
          ({ key, status, lastError }) => `${key} is ${status}${lastError === null ? '' : ` (${lastError})`}`,
        ),
  },
  {
    name: 'poison-is-dead',
    promise: 'Each event that can never be delivered is dead, says why, and was never accepted.',
    offenders: poisonAtLarge,
  },
  {
    name: 'accepted-is-committed',
    promise: 'Nothing was accepted that was not committed, and each with the owner and type of its event.',
    offenders: ({ events, ledger }) =>
      ledger.accepted
        .filter(({ key, owner, type }) => events.get(key)?.owner !== owner || events.get(key)?.type !== type)
        .map(({ key }) => key),
  },
  {
    name: 'same-bytes',
    promise: 'A key always came with the same bytes, those of its event.',
    offenders: changedBytes,
  },
  {
    name: 'repeats-are-explained',
    promise:
      'Each repeat has a recorded fault between its two acceptances, at most --concurrency per kill, pause or lost session of a relayer.',
    offenders: (evidence) => {
      const { unexplained } = explainRepeats(repeatsOf(evidence.ledger.accepted), causesOf(evidence));
      return unexplained.map(({ key, fromMs, toMs }) => `${key} again after ${Math.round(toMs - fromMs)} ms`);
    },
  },
  {
    name: 'no-lease-left',
    promise: 'No event is leased once everything has stopped.',
    offenders: ({ events }) => [...events.values()].filter(({ isLeased }) => isLeased).map(({ key }) => key),
  },
  {
    name: 'database-intact',
    promise: 'The database finds its tables and indexes whole.',
    offenders: ({ integrity }) => (integrity === 'ok' ? [] : [integrity]),
  },
];

/** The events that must arrive: all but the poison. */
export function healthyEvents({ events, record }: Evidence): readonly EvidenceEvent[] {
  const poison = new Set(linesOf(record, 'poison').map(({ id }) => id));
  return [...events.values()].filter(({ key }) => !poison.has(key));
}

/** Without this an ingester that journals nothing would leave nothing to be missed. */
function unwitnessed({ invoices, journal, record }: Evidence): readonly string[] {
  const missing = [...invoices].filter((id) => !journal.has(id));
  const kills = linesOf(record, 'kill').filter(({ target }) => target === 'ingester').length;
  // The ingester commits one after the other: of a connection that broke one reply may be missing.
  const lostReplies = linesOf(record, 'database').length;
  return missing.length <= kills + lostReplies ? [] : missing;
}

function unpaired(evidence: Evidence): readonly string[] {
  const { invoices } = evidence;
  const eventsOf = new Map<string, number>();
  const offenders: string[] = [];
  for (const { key, invoiceId } of healthyEvents(evidence)) {
    if (invoiceId === null || !invoices.has(invoiceId)) offenders.push(`event ${key} has no invoice`);
    else eventsOf.set(invoiceId, (eventsOf.get(invoiceId) ?? 0) + 1);
  }
  for (const id of invoices) {
    const count = eventsOf.get(id) ?? 0;
    if (count !== 1) offenders.push(`invoice ${id} has ${count} events`);
  }
  return offenders;
}

function poisonAtLarge({ events, ledger, record }: Evidence): readonly string[] {
  const accepted = new Set(ledger.accepted.map(({ key }) => key));
  return linesOf(record, 'poison').flatMap(({ id, what }) => {
    const event = events.get(id);
    if (accepted.has(id)) return [`${id} (${what}) was accepted`];
    if (event?.status !== 'dead') return [`${id} (${what}) is ${event?.status ?? 'gone'}`];
    return event.lastError === null || event.lastError === '' ? [`${id} (${what}) has no reason`] : [];
  });
}

/** Bytes of events that are not in the database are compared among themselves. */
function changedBytes({ events, ledger }: Evidence): readonly string[] {
  const expected = new Map<string, string>();
  const offenders = new Set<string>();
  for (const { key, sha256 } of ledger.accepted) {
    const wanted = expected.get(key) ?? events.get(key)?.sha256 ?? sha256;
    expected.set(key, wanted);
    if (sha256 !== wanted) offenders.add(key);
  }
  return [...offenders];
}
