import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Log } from '../apps/outbox/log.ts';
import { signatureHeader, verifySignature } from '../scripts/sandbox/signature.ts';
import { waitFor } from './helpers.ts';
import { acme, call, eventBody, post, quickSandbox } from './sandbox-client.ts';

describe('webhooks', () => {
  test('a newcomer sees the webhook arrive, under the ids that the relayer logs too', async () => {
    const lines: unknown[] = [];
    const note = (message: string, fields?: object) => lines.push({ message, ...fields });
    const log: Log = { error: note, warn: note, info: note, debug: note };
    const sandbox = await quickSandbox({ log });
    await post(sandbox, eventBody('k1'));
    await waitFor('the webhook is logged', () => lines.length > 0);
    expect(lines).toEqual([
      {
        ...{ message: 'webhook received', event: 'k1', type: 'invoice.created' },
        ...{ business: acme, business_name: 'Acme Corp' },
      },
    ]);
  });

  test('the receiver refuses a changed body, another secret, an old signature and none at all', async () => {
    const sandbox = await quickSandbox();
    const endpoint = sandbox.endpoints.find(({ owner }) => owner === acme);
    const { secret = '', url = '' } = endpoint ?? {};
    const body = Buffer.from('{"id":1}');
    const nowMs = Date.now();
    const right = signatureHeader({ secret, body, nowMs });
    const attempts: [string, string][] = [
      [right, '{"id":2}'],
      [signatureHeader({ secret: 'another', body, nowMs }), '{"id":1}'],
      [signatureHeader({ secret, body, nowMs: nowMs - 400_000 }), '{"id":1}'],
      ['', '{"id":1}'],
      [right, '{"id":1}'],
    ];
    const statuses = [];
    for (const [signature, sent] of attempts) {
      const headers = { 'X-Convoy-Signature': signature, 'X-Convoy-Idempotency-Key': 'k' };
      statuses.push((await call(url, { method: 'POST', headers, body: sent })).status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 200]);
    expect(sandbox.state().receiver).toEqual({ received: 1, repeated: 0, refused: 4 });
  });

  test('one of several signatures is enough, as while a secret is changed', () => {
    const rawBody = Buffer.from('{}');
    const header = signatureHeader({ secret: 'new', body: rawBody, nowMs: 1000 });
    const both = header.replace(',v1=', ',v1=00,v1=');
    expect(verifySignature({ header: both, secret: 'new', rawBody, nowMs: 1000 })).toEqual({ kind: 'valid' });
  });

  test('a webhook that finds its kept connection closed goes over another', async () => {
    const sandbox = await quickSandbox({ storeDelayMs: 1, deliverDelayMs: 1_100, idleSocketMs: 10 });
    const delivered = () => sandbox.state().webhooks.delivered;
    await post(sandbox, eventBody('k1'));
    await waitFor('the first webhook', () => delivered() === 1);
    await post(sandbox, eventBody('k2'));
    await waitFor('the second event to be stored', () => sandbox.state().waitingToBeStored === 0);
    // When this process goes on, the time of the connection is up (Node adds a second to it), and so is that of the webhook: in
    // this order, and in one turn.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_300);
    await waitFor('the second webhook', () => sandbox.state().webhooks.waiting === 0);
    expect(sandbox.state()).toMatchObject({
      webhooks: { delivered: 2, failed: 0 },
      receiver: { received: 2 },
    });
  });

  test('the receiver takes a webhook with a known key for a repeat', async () => {
    const sandbox = await quickSandbox();
    const { secret = '', url = '' } = sandbox.endpoints[0] ?? {};
    const headers = {
      'X-Convoy-Signature': signatureHeader({ secret, body: Buffer.from('{}'), nowMs: Date.now() }),
      'X-Convoy-Idempotency-Key': 'k',
    };
    const first = await call(url, { method: 'POST', headers, body: '{}' });
    const second = await call(url, { method: 'POST', headers, body: '{}' });
    expect([JSON.parse(first.text), JSON.parse(second.text)]).toEqual([
      { received: true, repeated: false },
      { received: true, repeated: true },
    ]);
  });

  test('blanks between the tokens of data make the signature fail, as they do with Convoy', async () => {
    const sandbox = await quickSandbox();
    await post(sandbox, eventBody('k').replace('"amount":', '"amount": '));
    await waitFor('the delivery has failed', () => sandbox.state().webhooks.failed === 1);
    expect(sandbox.state()).toMatchObject({ webhooks: { delivered: 0 }, receiver: { refused: 1 } });
  });

  test('a webhook carries the bytes of data, the key, a signature, and custom headers that replace none', async () => {
    const webhooks: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
    const receiver = createServer((req, res) => {
      req.setEncoding('utf8').on('data', (body) => webhooks.push({ headers: req.headers, body }));
      req.on('end', () => res.end());
    });
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    onTestFinished(() => void receiver.close());
    const address = receiver.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/hook`;
    const sandbox = await quickSandbox({ businesses: [{ owner: acme, name: 'Acme Corp', url }] });
    const custom = { 'x-convoy-idempotency-key': 'forged', 'X-Own': 'ä' };
    await post(
      sandbox,
      eventBody('k', { data: { n: 'HERE' }, custom_headers: custom }).replace('"HERE"', '1.50'),
    );
    const { headers, body } = await waitFor('the webhook', () => webhooks[0]);
    expect(body).toBe('{"n":1.50}');
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^Convoy\//),
      'accept-encoding': 'gzip',
      'x-convoy-idempotency-key': 'k',
      'x-own': Buffer.from('ä').toString('latin1'),
    });
    const signature = String(headers['x-convoy-signature']);
    const seconds = /^t=(\d+),v1=/.exec(signature)?.[1] ?? '';
    const secret = sandbox.endpoints[0]?.secret ?? '';
    const digest = createHmac('sha256', secret).update(`${seconds},${body}`).digest('hex');
    expect(signature).toBe(`t=${seconds},v1=${digest}`);
  });

  test('payloads beyond the memory for waiting ones are stored, but their webhooks are shed', async () => {
    const sandbox = await quickSandbox({ maxWaitingBytes: 100 });
    await Promise.all([post(sandbox, eventBody('k1')), post(sandbox, eventBody('k2'))]);
    await waitFor('both are stored', () => sandbox.state().rows === 2);
    expect(sandbox.state().webhooks.shed).toBe(1);
    await waitFor('the other is delivered', () => sandbox.state().receiver.received === 1);
  });
});
