// The log of one relayer among several: each line ends with its slot, under the name that its metrics have. The first slot's lines
// stay as they are, so that a relayer alone says nothing of slots, and those of the others are told from them all the same.
import { slotNames } from '../outbox/lease-id.ts';
import type { Log, LogFields, LogLevel } from '../outbox/log.ts';

const [firstSlot] = slotNames();

/** `slot` is asked for its name at each line: it may be replaced while the relayer runs. */
export function slotLog(log: Log, slot: { readonly name: string }): Log {
  const write =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) =>
      log[level](message, slot.name === firstSlot ? fields : { ...fields, relayer: slot.name });
  const lines = { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') };
  return log.level === undefined ? lines : { ...lines, level: log.level };
}
