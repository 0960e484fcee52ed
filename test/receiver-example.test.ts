// The receiver in docs/convoy.md does what the contract with Convoy asks of one.
import { describe, expect, test } from 'vitest';
import { endpointOf } from '../scripts/sandbox/endpoint.ts';
import { signatureHeader } from '../scripts/sandbox/signature.ts';
import { waitFor } from './helpers.ts';
import { type RunningReceiver, runReceiver } from './receiver-example.ts';
import { acme, call, eventBody, post, quickSandbox } from './sandbox-client.ts';

const secret = 'a secret of Convoy';
const body = Buffer.from('{"id":1,"text":"Größe"}');
const signed = (given: { secret?: string; body?: Buffer; nowMs?: number } = {}) =>
  signatureHeader({ secret, body, nowMs: Date.now(), ...given });

async function send(receiver: RunningReceiver, signature: string, key = 'k1', sent = body): Promise<number> {
  const headers = { 'X-Convoy-Signature': signature, 'X-Convoy-Idempotency-Key': key };
  return (await call(receiver.url, { method: 'POST', headers, body: sent })).status;
}

describe('the receiver of the documentation', () => {
  test('takes a webhook once and answers a repeat in the same way', async () => {
    const receiver = await runReceiver(secret);
    expect([await send(receiver, signed()), await send(receiver, signed())]).toEqual([200, 200]);
    expect(await send(receiver, signed(), 'k2')).toBe(200);
    expect(receiver.rows().map(({ key, event }) => [key, event])).toEqual([
      ['k1', body.toString()],
      ['k2', body.toString()],
    ]);
    // The work, which is one line here, was done once for each.
    expect(receiver.process.stdout.match(/^received k\d/gm)).toEqual(['received k1', 'received k2']);
  });

  test('refuses what is not genuine, and takes it when it is', async () => {
    const receiver = await runReceiver(secret);
    const refused = [
      ['no signature', ''],
      ['nonsense', 'v1=abc'],
      ['another secret', signed({ secret: 'another' })],
      ['another body', signed({ body: Buffer.from('{"id":2}') })],
      ['five minutes ago', signed({ nowMs: Date.now() - 310_000 })],
      ['from the future', signed({ nowMs: Date.now() + 310_000 })],
      ['a time that is none', signed().replace(/t=\d+/, 't=soon')],
      ['a signature cut short', signed().slice(0, -2)],
      ['an unknown scheme', signed().replace(',v1=', ',w1=')],
    ] as const;
    for (const [what, signature] of refused)
      expect([what, await send(receiver, signature)]).toEqual([what, 401]);
    expect(receiver.rows()).toEqual([]);
    // While a secret is being changed there are two signatures, one of them ours.
    const nowMs = Date.now();
    const both = `${signed({ secret: 'another', nowMs })},${signed({ nowMs }).split(',')[1]}`;
    expect(await send(receiver, both)).toBe(200);
    expect(receiver.rows()).toHaveLength(1);
  });

  test('answers 500 to what it cannot read, and lives on', async () => {
    const receiver = await runReceiver(secret);
    const broken = Buffer.from('{"cut');
    expect(await send(receiver, signed({ body: broken }), 'k', broken)).toBe(500);
    const large = Buffer.alloc(2_000_001, 'x');
    expect(await send(receiver, signed({ body: large }), 'k', large).catch(() => 'reset')).not.toBe(200);
    // The key was not burnt by the failure.
    expect(await send(receiver, signed(), 'k')).toBe(200);
    expect(receiver.rows()).toHaveLength(1);
  });

  test('takes what the sandbox delivers as Convoy would', async () => {
    const receiver = await runReceiver(endpointOf({ owner: acme, name: 'Acme' }, '').secret);
    const sandbox = await quickSandbox({ businesses: [{ owner: acme, name: 'Acme', url: receiver.url }] });
    await post(sandbox, eventBody('k1', { custom_headers: { traceparent: '00-1' } }));
    await waitFor('the webhook', () => receiver.rows().length === 1);
    expect(receiver.rows()[0]).toMatchObject({ key: 'k1', traceparent: '00-1' });
  });
});
