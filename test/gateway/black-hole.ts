// A port whose packets reach nobody: its thread sleeps with a full queue of connections, so that the kernel drops every
// further SYN. Opened, it passes everything on to another port; who still waits gets in with the SYN that the kernel
// repeats after a second.
import { once } from 'node:events';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { onTestFinished } from 'vitest';

/** Plain JavaScript: a thread of a test does not strip types. */
const sleeper = `
  const { parentPort, workerData } = require('node:worker_threads');
  const net = require('node:net');
  const server = net.createServer((socket) => {
    const onward = net.connect(workerData.port, '127.0.0.1');
    for (const [one, other] of [[socket, onward], [onward, socket]]) {
      one.pipe(other);
      one.on('error', () => other.destroy());
    }
  });
  server.listen(0, '127.0.0.1', 1, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(workerData.isOpen, 0, 0);
  });`;

/** More connections than the shortest queue takes, whatever the kernel makes of a backlog of 1. */
const fillers = 8;

export interface BlackHole {
  readonly port: number;
  /** From now on it leads to the port given. */
  open(): void;
}

export async function digBlackHole(port: number): Promise<BlackHole> {
  const isOpen = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(sleeper, { eval: true, workerData: { port, isOpen } });
  onTestFinished(async () => void (await worker.terminate()));
  const [holePort] = (await once(worker, 'message')) as [number];
  const queue = Array.from({ length: fillers }, () => connect(holePort, '127.0.0.1').on('error', () => {}));
  const drop = () => {
    for (const socket of queue) socket.destroy();
  };
  onTestFinished(drop);
  await once(queue[0] as (typeof queue)[0], 'connect');
  const open = () => {
    drop();
    Atomics.store(isOpen, 0, 1);
    Atomics.notify(isOpen, 0);
  };
  return { port: holePort, open };
}
