// After the trouble: everything that was broken is mended, and only then it is asked whether all events arrive, whether
// PM2 runs what it should, and whether everything ends when told to. Answers go into the record, not into a verdict.
import { checkLiveness, drainLimitMs } from './liveness.ts';
import { supervisedApps } from './pm2.ts';
import { isOwn, processesOf, signalOwn } from './processes.ts';
import type { Stage } from './stage.ts';
import { waitFor } from './waiting.ts';

const settleLimitMs = 20_000;

/** Ends all faults, waits for what they delayed, and looks at the processes. */
export async function heal(stage: Stage): Promise<void> {
  stage.act = 'healing';
  stage.link.endAll();
  await checkLiveness(stage);
  await lookAtSupervision(stage);
}

/** Ends the flow of new events and waits until none is on its way. */
export async function runDry({ pm2, facts, signal }: Stage): Promise<void> {
  await pm2.stop('ingester');
  await waitFor(async () => (await facts.counts()).pending === 0, { withinMs: drainLimitMs, signal });
}

/** PM2 needs a moment to replace what was killed last. */
async function lookAtSupervision({ arena, pm2, record, settings, database, signal }: Stage): Promise<void> {
  const isAlive = (pid: number) => isOwn(arena.folder, pid);
  const look = () => {
    const daemonPid = pm2.daemonPid();
    const living = pm2.processes().filter(({ pid }) => isAlive(pid));
    const missing = supervisedApps.flatMap((app) => {
      const wanted = app === 'relayer' ? settings.relayers : 1;
      return Array<string>(Math.max(0, wanted - living.filter(({ target }) => target === app).length)).fill(
        app,
      );
    });
    if (daemonPid === null || !isAlive(daemonPid)) missing.push('PM2');
    const known = new Set([daemonPid, ...database.pids(), ...living.map(({ pid }) => pid)]);
    const strays = processesOf(arena.folder)
      .filter(({ pid }) => !known.has(pid))
      .map(({ pid, command }) => `${command} (${pid})`);
    return { missing, strays };
  };
  await waitFor(
    () => {
      const { missing, strays } = look();
      return missing.length === 0 && strays.length === 0;
    },
    { withinMs: settleLimitMs, everyMs: 200, signal },
  );
  record.add({ kind: 'supervision', ...look() });
}

/** Stops everything the way a person would, and records what did not end. */
export async function stopAll({ arena, pm2, record, database, signal }: Stage): Promise<void> {
  await pm2.kill();
  const left = () => processesOf(arena.folder).filter(({ pid }) => !database.pids().includes(pid));
  await waitFor(() => left().length === 0, { withinMs: settleLimitMs, everyMs: 100, signal });
  const processes = left().map(({ pid, command }) => `${command} (${pid})`);
  record.add({ kind: 'left running', processes });
}

/** Ends every process of a folder, whatever state it is in; again and again, since PM2 may have started another one. */
export async function killAll(folder: string): Promise<void> {
  const isEmpty = () => {
    const left = processesOf(folder);
    for (const { pid } of left) signalOwn(folder, pid, 'SIGKILL');
    return left.length === 0;
  };
  await waitFor(isEmpty, { withinMs: settleLimitMs, everyMs: 20, signal: new AbortController().signal });
}
