import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createLedger } from '../scripts/sandbox/ledger.ts';
import { openLedgerFile } from '../scripts/sandbox/ledger-file.ts';
import { readLedger } from '../scripts/sandbox/ledger-reader.ts';
import { tempDirectory } from './helpers.ts';
import { acme, eventBody, post, quickSandbox } from './sandbox-client.ts';

describe('the ledger', () => {
  test('it records an acceptance with the hash of the data bytes as they came, not as they would be written', async () => {
    const ledgerFile = path.join(tempDirectory(), 'ledger.jsonl');
    const sandbox = await quickSandbox({ ledgerFile });
    const data = '{"n":1.50,"s":"\\u00e9é"}';
    const before = { atMs: Date.now(), monotonicMs: Number(process.hrtime.bigint() / 1000n) / 1000 };
    await post(sandbox, eventBody('k1', { data: 'HERE' }).replace('"HERE"', data));
    const { accepted, faults, tornLines } = readLedger(ledgerFile);
    expect({ accepted, faults, tornLines }).toEqual({
      accepted: [
        {
          kind: 'accepted',
          key: 'k1',
          owner: acme,
          type: 'invoice.created',
          bytes: Buffer.byteLength(data),
          sha256: createHash('sha256').update(data).digest('hex'),
          atMs: expect.any(Number),
          monotonicMs: expect.any(Number),
          nth: 1,
          answer: 'queued',
        },
      ],
      faults: [],
      tornLines: 0,
    });
    expect(accepted[0]?.atMs).toBeGreaterThanOrEqual(before.atMs);
    expect(accepted[0]?.monotonicMs).toBeGreaterThanOrEqual(before.monotonicMs);
  });

  test('a key that comes again with other data is noticed', async () => {
    const sandbox = await quickSandbox();
    await post(sandbox, eventBody('same'));
    await post(sandbox, eventBody('same'));
    await post(sandbox, eventBody('changed'));
    await post(sandbox, eventBody('changed', { data: {} }));
    expect(sandbox.ledger.changedKeys()).toEqual(['changed']);
    expect([...sandbox.ledger.keys()]).toEqual(['same', 'changed']);
    expect(sandbox.ledger.entry('same')).toMatchObject({ timesAccepted: 2, isChanged: false });
  });

  test('a sandbox that starts again knows its keys, and goes on counting where it stopped', async () => {
    const ledgerFile = path.join(tempDirectory(), 'ledger.jsonl');
    const first = await quickSandbox({ ledgerFile });
    await post(first, eventBody('k'));
    await post(first, eventBody('nothing', { event_type: ' ' }));
    await first.close();
    const second = await quickSandbox({ ledgerFile });
    expect(second.state()).toMatchObject({ accepted: 2, keys: 2, rows: 1 });
    expect((await post(second, eventBody('k'))).text).toContain('Duplicate event received');
    expect((await post(second, eventBody('nothing'))).text).toContain('queued successfully');
    expect(readLedger(ledgerFile).accepted.map(({ key, nth, answer }) => [key, nth, answer])).toEqual([
      ['k', 1, 'queued'],
      ['nothing', 1, 'queued'],
      ['k', 2, 'duplicate'],
      ['nothing', 2, 'queued'],
    ]);
  });

  test('a torn last line is skipped when read and ended when the sandbox starts again', async () => {
    const ledgerFile = path.join(tempDirectory(), 'ledger.jsonl');
    const first = await quickSandbox({ ledgerFile });
    await post(first, eventBody('k1'));
    await first.close();
    appendFileSync(ledgerFile, '{"kind":"accepted","key":"torn","own');
    expect(readLedger(ledgerFile)).toMatchObject({ accepted: [{ key: 'k1' }], tornLines: 1 });
    const second = await quickSandbox({ ledgerFile });
    expect(second.ledger.keyCount()).toBe(1);
    await post(second, eventBody('k2'));
    expect(readLedger(ledgerFile)).toMatchObject({ accepted: [{ key: 'k1' }, { key: 'k2' }], tornLines: 1 });
  });

  test('a line that lacks nothing but its line break counts', () => {
    const file = path.join(tempDirectory(), 'ledger.jsonl');
    writeFileSync(file, '{"kind":"fault","fault":"hang","atMs":1,"monotonicMs":1}');
    const sink = openLedgerFile(file);
    sink.append('{"kind":"fault","fault":"slow","atMs":2,"monotonicMs":2}');
    sink.close();
    expect(readLedger(file)).toMatchObject({ faults: [{ fault: 'hang' }, { fault: 'slow' }], tornLines: 0 });
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(3);
  });

  test('a ledger bigger than one read, with letters of several bytes, is read whole', () => {
    const file = path.join(tempDirectory(), 'ledger.jsonl');
    const lines = Array.from({ length: 12_000 }, (_, n) =>
      JSON.stringify({ kind: 'accepted', key: `${n}-${'é€😀'.repeat(12)}`, atMs: n, monotonicMs: n }),
    );
    writeFileSync(file, `${lines.join('\n')}\n`);
    const { accepted, tornLines } = readLedger(file);
    expect(tornLines).toBe(0);
    expect(accepted.map((line) => JSON.stringify(line))).toEqual(lines);
  });

  test('no ledger file yet is an empty ledger', () => {
    const nowhere = path.join(tempDirectory(), 'none.jsonl');
    expect(readLedger(nowhere)).toEqual({ accepted: [], faults: [], tornLines: 0 });
  });

  test('the newest thousand lines stay in memory, and not all of them', () => {
    const ledger = createLedger(null);
    for (let n = 0; n < 2500; n++) ledger.fault('hang', { key: `k${n}` });
    const recent = ledger.recent();
    expect(recent.length).toBeGreaterThanOrEqual(1000);
    expect(recent.length).toBeLessThan(2000);
    expect(recent.at(-1)).toMatchObject({ kind: 'fault', key: 'k2499' });
  });
});
