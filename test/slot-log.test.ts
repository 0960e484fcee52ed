// Which of several relayers a line of the log is from.
import { expect, test } from 'vitest';
import type { Log, LogFields } from '../apps/outbox/log.ts';
import { slotLog } from '../apps/relayer/slot-log.ts';

test('the lines of every slot but the first end with the slot, also after it was replaced', () => {
  const lines: (readonly [string, LogFields | undefined])[] = [];
  const write = (message: string, fields?: LogFields) => void lines.push([message, fields]);
  const log: Log = { level: 'debug', error: write, warn: write, info: write, debug: write };
  const slot = { name: '00' };
  const own = slotLog(log, slot);
  own.info('relayer started', { slot: '00' });
  slot.name = '07';
  own.warn('gateway still unavailable', { reason: 'HTTP 503' });
  own.debug('nothing to add');
  expect(lines).toEqual([
    ['relayer started', { slot: '00' }],
    ['gateway still unavailable', { reason: 'HTTP 503', relayer: '07' }],
    ['nothing to add', { relayer: '07' }],
  ]);
  expect(own.level).toBe('debug');
});
