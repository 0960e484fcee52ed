// The life of a process, in real processes: how signals, a lost supervisor and errors end it, and with which code.
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { type SpawnedNode, spawnNode, waitFor } from './helpers.ts';

/** Starts the little application and waits until it says the word. */
async function startApp(
  act: string,
  word = 'running',
  options: { ipc?: boolean } = {},
): Promise<SpawnedNode> {
  const app = spawnNode('test/fixtures/daemon-app.mjs', [act], options);
  await waitFor(`"${word}" of ${act}`, () => app.stdout.includes(word));
  return app;
}

describe('a signal', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s stops the application, and its exit code is 0',
    async (signal) => {
      const app = await startApp('stop-slowly');
      app.child.kill(signal);
      expect(await app.exited).toBe(0);
      expect(app.stdout).toBe('running\nstopping\nstopped\n');
    },
  );

  test('for the second time ends the process at once', async () => {
    const app = await startApp('never-stop');
    app.child.kill('SIGINT');
    await waitFor('the first signal to be taken', () => app.stdout.includes('stopping'));
    app.child.kill('SIGTERM');
    expect(await app.exited).toBe(130);
    expect(app.stdout).not.toContain('stopped');
  });

  test('during the start, whatever it waits for, ends the process', async () => {
    const app = await startApp('never-start', 'starting');
    app.child.kill('SIGINT');
    expect(await app.exited).toBe(0);
    expect(app.stdout).toBe('starting\n');
  });
});

describe('a supervisor', () => {
  test('is told when the application is ready', async () => {
    const app = spawnNode('test/fixtures/daemon-app.mjs', ['run'], { ipc: true });
    const messages: unknown[] = [];
    app.child.on('message', (message) => messages.push(message));
    await waitFor('the message', () => messages.length > 0);
    expect(messages).toEqual(['ready']);
  });

  test('that dies stops the application', async () => {
    const app = await startApp('stop-slowly', 'running', { ipc: true });
    app.child.disconnect();
    expect(await app.exited).toBe(0);
    expect(app.stdout).toBe('running\nstopping\nstopped\n');
  });

  test('that dies while the process is still loading ends it', async () => {
    const app = spawnNode('test/fixtures/daemon-app.mjs', ['run'], { ipc: true });
    app.child.disconnect();
    expect(await app.exited).toBe(0);
  });

  test('that dies just before it is told that the application is ready breaks nothing', async () => {
    // The event loop stands still while the supervisor dies, so that the process cannot know yet.
    const app = await startApp('start-standing-still', 'starting', { ipc: true });
    app.child.disconnect();
    expect(await app.exited).toBe(0);
    expect(app.stderr).toBe('');
  });

  test('that dies and takes the pipes with it does not cut the drain short', async () => {
    const app = await startApp('write-into-the-void', 'running', { ipc: true });
    app.child.stdout?.destroy();
    app.child.stderr?.destroy();
    app.child.disconnect();
    expect(await app.exited).toBe(0);
  });
});

test('a reader of the output who stands still does not keep a stopped process from ending', async () => {
  const app = await startApp('write-much', 'xxx');
  app.child.stdout?.pause();
  app.child.kill('SIGTERM');
  const [code] = await once(app.child, 'exit');
  expect(code).toBe(0);
  app.child.stdout?.resume();
});

describe('an error', () => {
  test.each([
    { code: 'ERR_OUTBOX_CONFIG', exit: 2 },
    { code: 'ERR_OUTBOX_WRONG_PROJECT', exit: 2 },
    { code: 'ERR_OUTBOX_SQLITE_VERSION', exit: 2 },
    { code: 'ERR_OUTBOX_DATABASE_UNAVAILABLE', exit: 2 },
    { code: 'ERR_OUTBOX_DATABASE_BLOCKED', exit: 1 },
    { code: 'ERR_OUTBOX_DATABASE_CORRUPT', exit: 3 },
    { code: 'ERR_OUTBOX_DATABASE_FOREIGN', exit: 3 },
    { code: 'ERR_OUTBOX_DATABASE_HISTORY', exit: 3 },
    { code: 'ERR_OUTBOX_DATABASE_REPLACED', exit: 1 },
    { code: 'ERR_OUTBOX_SLOT', exit: 1 },
  ])('$code ends it with one line, no stack, and exit code $exit', async ({ code, exit }) => {
    const app = spawnNode('test/fixtures/daemon-app.mjs', ['refuse', code]);
    expect(await app.exited).toBe(exit);
    expect(app.stderr).toBe(`the thing is wrong: do something (${code}): why\n`);
    expect(app.stdout).toBe('');
  });

  test.each([
    { act: 'crash', says: 'TypeError: a mistake of ours' },
    { act: 'fail-while-running', says: 'Error: broke while running' },
  ])('of another kind shows where it came from: $act', async ({ act, says }) => {
    const app = spawnNode('test/fixtures/daemon-app.mjs', [act]);
    expect(await app.exited).toBe(1);
    expect(app.stderr).toContain(says);
    expect(app.stderr).toContain('daemon-app.mjs');
  });
});

test('a text instead of an application is printed whole, and the exit code is 0', async () => {
  const app = spawnNode('test/fixtures/daemon-app.mjs', ['help']);
  expect(await app.exited).toBe(0);
  expect(app.stdout).toHaveLength('usage: app\n\nend of help\n'.length + 200_000);
  expect(app.stdout.endsWith('end of help\n')).toBe(true);
});
