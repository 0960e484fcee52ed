// A line of the operator's record in a sentence, as the page shows it. Details of kinds that are not known here are left out: what
// a later release writes may not be for everybody's eyes.
import type { NumberedRecord } from '../../outbox/live-verbs.ts';

/** The sentence, and how grave it is. */
export interface RecordLine {
  readonly id: number;
  readonly atMs: number;
  readonly level: 'calm' | 'watch' | 'trouble';
  readonly text: string;
}

export function recordLine(line: NumberedRecord): RecordLine {
  const [level, text] = sentence(line);
  return { id: line.id, atMs: line.atMs, level, text };
}

function sentence(line: NumberedRecord): readonly [RecordLine['level'], string] {
  const { detail } = line;
  const events = plural(Number(detail.events ?? 0));
  switch (line.kind) {
    case 'relayer_started':
      return ['calm', `relayer ${detail.slot} started, process ${detail.pid}`];
    case 'relayer_stopped':
      return ['calm', `relayer ${detail.slot} stopped`];
    case 'writer_opened':
      return ['calm', `an application opened the outbox, process ${detail.pid}`];
    case 'taken_over':
      return ['watch', `relayer ${detail.slot} had died: ${events} taken over from it`];
    case 'fenced':
      return ['watch', `${events} settled too late: the lease was somebody else's by then`];
    case 'gateway':
      return detail.state === 'paused'
        ? ['trouble', `gateway paused: ${detail.reason}`]
        : ['calm', `gateway is back after ${durationText(Number(detail.paused_ms))}`];
    case 'verified':
      return ['calm', `project confirmed by ${detail.gateway}`];
    case 'dead':
      return ['trouble', `event ${line.eventSeq} is dead: ${detail.error}`];
    case 'redriven':
      return ['calm', `${events} redriven by a person`];
    case 'discarded':
      return ['watch', `${events} discarded by a person: ${detail.reason}`];
    case 'resent':
      return ['watch', `event ${line.eventSeq} was lost by Convoy and goes out again`];
    case 'undelivered':
      return ['trouble', `event ${line.eventSeq} was accepted, but will not be delivered: ${detail.reason}`];
    case 'pipeline':
      return ['trouble', `Convoy's pipeline: ${detail.state ?? 'changed'}`];
    case 'unconfirmed_pruned':
      return ['watch', `${events} deleted that Convoy never confirmed`];
    default:
      return ['calm', String(line.kind)];
  }
}

function plural(events: number): string {
  return `${events.toLocaleString('en')} ${events === 1 ? 'event' : 'events'}`;
}

function durationText(durationMs: number): string {
  if (!(durationMs >= 1_000)) return `${Math.round(durationMs || 0)} ms`;
  const seconds = Math.round(durationMs / 1_000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
