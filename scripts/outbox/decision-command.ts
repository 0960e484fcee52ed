// The course of a command that decides over events: a look with --dry-run, a question before more than one, the work with
// its progress, one line about the result.
import process from 'node:process';
import type { Options } from 'yargs';
import { systemClock } from '../../apps/outbox/clock.ts';
import type { EventView } from '../../apps/outbox/listing-verbs.ts';
import type { OutboxStore } from '../../apps/outbox/store.ts';
import { askFirst } from './ask.ts';
import { decide, sampleOf, type Targets, totalOf } from './decision.ts';
import { eventCells, eventColumns } from './event-words.ts';
import { commandExitCodes } from './exit-code.ts';
import { longWork } from './long-work.ts';
import { printResult, terminalWidth } from './output.ts';
import { tableLines } from './table.ts';
import { eventsText } from './wording.ts';

export interface DecisionArguments {
  readonly json: boolean;
  readonly yes: boolean;
  readonly 'dry-run': boolean;
}

export const decisionOptions = {
  'dry-run': { type: 'boolean', default: false, describe: 'Show which events, and change nothing' },
  yes: { alias: 'y', type: 'boolean', default: false, describe: 'Do not ask before more than one event' },
} as const satisfies Record<string, Options>;

export interface Decision {
  readonly store: OutboxStore;
  readonly targets: Targets;
  /** 0: as fast as it goes. */
  readonly perSecond: number;
  /** Completes "N events would be ...", "Are N events to be ...?" and "N events are ...". */
  readonly participle: string;
  /** What to know before answering; null when there is nothing to say. */
  readonly risk: string | null;
  readonly act: (events: readonly EventView[]) => Promise<readonly number[]>;
}

/** Runs the decision and prints what came of it. */
export async function carryOut(given: DecisionArguments, decision: Decision): Promise<void> {
  const { store, targets, participle, risk } = decision;
  const total = totalOf(targets);
  if (given['dry-run']) {
    const sample = await sampleOf(store, targets);
    const nowMs = systemClock.nowMs();
    printResult(given.json, { dryRun: true, events: total, sample }, () => [
      `${eventsText(total)} would be ${participle}; nothing was changed`,
      ...(risk === null ? [] : [risk]),
      ...tableLines(
        eventColumns,
        sample.map((event) => eventCells(event, nowMs)),
        terminalWidth(),
      ),
      ...(total > sample.length ? ['...'] : []),
    ]);
    return;
  }
  if (risk !== null) console.error(risk);
  if (total > 1) await askFirst(`Are ${eventsText(total)} to be ${participle}?`, given.yes);
  const { changed, isInterrupted } = await longWork(`events ${participle}`, async (work) => {
    const changed = await decide({ ...decision, work });
    return { changed, isInterrupted: work.signal.aborted };
  });
  if (isInterrupted) process.exitCode = commandExitCodes.interrupted;
  printResult(given.json, { dryRun: false, events: changed, interrupted: isInterrupted }, () => {
    const done = `${eventsText(changed)} ${participle}`;
    if (isInterrupted) return [`${done}; interrupted before the rest`];
    return [changed < total ? `${done}; ${eventsText(total - changed)} had changed meanwhile` : done];
  });
}
