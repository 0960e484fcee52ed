// A PostgreSQL server of a few lines, which says what a real one cannot be made to say in a test.
import { createServer } from 'node:net';
import { onTestFinished } from 'vitest';

/** It answers whoever connects with one error, as PostgreSQL's protocol has it. Returns the URL of a database there. */
export async function refusingServer({
  code,
  text,
  password,
}: {
  readonly code: string;
  readonly text: string;
  readonly password: string;
}): Promise<string> {
  const fields = `SFATAL\0VFATAL\0C${code}\0M${text}\0\0`;
  const reply = Buffer.alloc(5 + fields.length);
  reply.write('E');
  reply.writeInt32BE(4 + fields.length, 1);
  reply.write(fields, 5);
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(reply));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const at = server.address();
  return `postgres://ann:${password}@127.0.0.1:${typeof at === 'object' ? at?.port : 0}/shop`;
}
