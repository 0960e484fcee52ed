// How the tests run: real files, real servers and real processes, three files at a time.
import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => ({
  test: {
    include: ['test/**/*.test.ts'],
    // Process tests run the compiled applications: built once, before everything else.
    globalSetup: ['test/build-once.ts', 'test/postgres-server.ts'],
    // A process of its own per file, so that a leaked handle or a held lock cannot reach the next one.
    pool: 'forks',
    // One more than the cores of a small machine has: many tests wait for processes (2 min 47 s instead of 3 min 5 s).
    maxWorkers: 3,
    testTimeout: 15_000,
    hookTimeout: 30_000,
    teardownTimeout: 5_000,
    // A suite that ran nothing, or only what somebody marked `.only`, has shown nothing.
    passWithNoTests: false,
    allowOnly: false,
    // An error that no test caught fails the run, and so does a hang at the end.
    dangerouslyIgnoreUnhandledErrors: false,
    // `npm run test:deep` is `--mode deep`: many random cases, from a new seed, with progress.
    env: mode === 'deep' ? { OUTBOX_DEEP: '1' } : {},
    unstubEnvs: true,
    restoreMocks: true,
    sequence: { hooks: 'stack' },
  },
}));
