// A relayer that stood still (starved of CPU, stopped) and the answers that arrived meanwhile.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { claimedEvent, delivererFor } from './delivery.ts';

/** A gateway in a thread of its own, which answers while this one stands still. */
const gatewayCode = `
  const { parentPort } = require('node:worker_threads');
  const acceptance = '{"status":true,"message":"Endpoint fanout event queued successfully","data":null}';
  const server = require('node:http').createServer((request, response) => {
    parentPort.postMessage('asked');
    request.resume().on('end', () => setTimeout(() => {
      response.writeHead(201, { 'content-type': 'application/json' }).end(acceptance);
    }, 50));
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;

test('a delivery takes an answer that arrived in time, though this process stood still past the deadline', async () => {
  const gateway = new Worker(gatewayCode, { eval: true });
  onTestFinished(async () => void (await gateway.terminate()));
  const [port] = await once(gateway, 'message');
  const asked = once(gateway, 'message');
  const outcome = delivererFor(`http://127.0.0.1:${port}`).deliver(claimedEvent(), 500);
  await asked;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
  expect(await outcome).toMatchObject({ kind: 'accepted' });
});
