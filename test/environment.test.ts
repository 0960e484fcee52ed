// Where settings come from, and which file DATABASE_URL means.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  databaseFile,
  fileOfUrl,
  packageRoot,
  readEnvironment,
  withoutPassword,
} from '../apps/outbox/environment.ts';
import { projectRoot, tempDirectory } from './helpers.ts';

/** The environment with this text in a file of its own. */
function environmentOf(fileText: string, variables: Record<string, string | undefined> = {}) {
  const file = path.join(tempDirectory(), 'settings');
  writeFileSync(file, fileText);
  return readEnvironment({ variables: { ...variables, OUTBOX_ENV_FILE: file }, cwd: '/' }).variables;
}

describe('the environment', () => {
  test('is what the process has, over what the file has', () => {
    const variables = environmentOf('A=file\nB=file\n', { A: 'process', C: 'process' });
    expect(variables).toMatchObject({ A: 'process', B: 'file', C: 'process' });
  });

  test('takes an empty variable for none, in the process and in the file', () => {
    expect(environmentOf('A=file\nB=\n', { A: '', C: '' })).toMatchObject({ A: 'file' });
    expect(environmentOf('A=file\nB=\n', { A: '', C: '' })).not.toHaveProperty('B');
    expect(environmentOf('', { C: '' })).not.toHaveProperty('C');
  });

  test('reads comments, quotes and exports as people write them', () => {
    const text = `# a comment\nexport A=1\nB="two words"\nC='#3'\nD=4 # four\n`;
    expect(environmentOf(text)).toMatchObject({ A: '1', B: 'two words', C: '#3', D: '4' });
  });

  test.each([
    { what: 'does not exist', make: () => {} },
    { what: 'is a folder', make: (file: string) => mkdirSync(file) },
  ])('refuses a named file that $what, and names it', ({ make }) => {
    const file = path.join(tempDirectory(), 'missing.env');
    make(file);
    const read = () => readEnvironment({ variables: { OUTBOX_ENV_FILE: file }, cwd: '/' });
    expect(read).toThrow(
      expect.objectContaining({ code: 'ERR_OUTBOX_CONFIG', message: expect.stringContaining(file) }),
    );
  });

  test('has the folder of this package as its root', () => {
    expect(packageRoot).toBe(projectRoot);
    expect(readEnvironment({ variables: { OUTBOX_ENV_FILE: '/dev/null' }, cwd: '/tmp' }).root).toBe(
      projectRoot,
    );
  });
});

describe('DATABASE_URL', () => {
  const fileOf = (url?: string) =>
    databaseFile({ root: '/srv/app', variables: url === undefined ? {} : { DATABASE_URL: url } });

  test.each([
    [undefined, '/srv/app/events.db'],
    ['file:./data/x.db', '/srv/app/data/x.db'],
    ['file:x.db', '/srv/app/x.db'],
    ['file:../x.db', '/srv/x.db'],
    ['file:/abs/x.db', '/abs/x.db'],
    ['file:///abs/x.db', '/abs/x.db'],
    ['file:./with space.db', '/srv/app/with space.db'],
  ])('%s is %s', (url, file) => {
    expect(fileOf(url)).toBe(file);
  });

  test.each([
    'events.db',
    '/abs/events.db',
    'file:',
    'file::memory:',
    'file:x.db?mode=ro',
    'file:x.db#y',
    'sqlite:x.db',
    'FILE:x.db',
    'file://./events.db',
    'file://host/x.db',
    'postgresql://localhost/app',
  ])('%s is refused, with an example', (url) => {
    expect(() => fileOf(url)).toThrow(
      expect.objectContaining({
        code: 'ERR_OUTBOX_CONFIG',
        message: expect.stringContaining('file:./events.db'),
      }),
    );
  });

  test('parameters of an older Prisma are refused, with what to leave out', () => {
    expect(() => fileOf('file:x.db?connection_limit=1')).toThrow('leave out the ? and what follows');
  });

  test.each(['sqlite:x.db', 'libsql://x', 'https://x/y.db'])('%s given to a client is no path', (url) => {
    expect(() => fileOfUrl(url)).toThrow(expect.objectContaining({ code: 'ERR_OUTBOX_CONFIG' }));
  });

  test.each(['x.db', './x.db', 'file:./x.db'])(
    '%s given to a client is a file of the working directory',
    (url) => {
      expect(fileOfUrl(url)).toBe(path.resolve('x.db'));
    },
  );

  test.each([
    'postgres://app:hunter2@db/app',
    'postgres://app:hunter2/with@slash@db/app',
    'postgres://app:a@hunter2@db/app',
    'postgres://db/app?user=app&password=hunter2',
  ])('%s is refused without telling the password', (url) => {
    expect(() => fileOf(url)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });

  test('is shown with its host and without what is private', () => {
    expect(withoutPassword('postgres://app:pw@db:5432/app?sslkey=x')).toBe('postgres://***@db:5432/app?***');
    expect(withoutPassword('file:./events.db')).toBe('file:./events.db');
  });
});
