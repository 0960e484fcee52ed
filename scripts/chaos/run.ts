// One run from beginning to end: start the real thing, make trouble, heal, stop, judge. Whatever happens on the way,
// nothing of it is left running.
import { type Arena, createArena, relayerTiming, sandboxUrl } from './arena.ts';
import { usualDelay } from './bad-weather.ts';
import type { ChaosDatabase, DatabaseTrouble } from './chaos-database.ts';
import { ChaosError } from './chaos-error.ts';
import type { ChaosSettings } from './config.ts';
import { chaosDatabase } from './database.ts';
import { arenaFiles } from './evidence.ts';
import { heal, killAll, runDry, stopAll } from './heal.ts';
import { createPm2, type Pm2 } from './pm2.ts';
import type { Progress } from './progress.ts';
import { reconcile, type Verdict } from './reconcile.ts';
import { type ChaosRecord, createRecord, monotonicMs } from './record.ts';
import { SandboxLink } from './sandbox-link.ts';
import type { Stage } from './stage.ts';
import { startWarden } from './start-warden.ts';
import { makeTrouble } from './trouble.ts';
import { Vitals } from './vitals.ts';
import { waitFor } from './waiting.ts';

export interface RunOutcome {
  readonly verdict: Verdict;
  /** Where the evidence is, when it was kept: asked for, or because something was broken. */
  readonly folder: string | null;
}

/** Runs once. Throws ChaosError when there can be no verdict; then, too, everything is ended and removed. */
export async function runChaos(
  settings: ChaosSettings,
  progress: Progress,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const database = await chaosDatabase(settings);
  const arena = await createArena({ ...settings, databaseUrl: database.url });
  const dismissWarden = startWarden(arena.folder);
  let isKept = settings.keep;
  try {
    if (database.notice !== null) progress.say(database.notice);
    await database.begin(arena);
    await playOut({ arena, pm2: createPm2(arena), database, settings, progress, signal });
    const verdict = reconcile(arena.folder);
    isKept ||= verdict.broken.length > 0;
    return { verdict, folder: isKept ? arena.folder : null };
  } catch (error) {
    // What did not run has to be looked into; what was interrupted has not.
    isKept ||= !signal.aborted;
    if (isKept) progress.say(`The files of the run are kept: ${arena.folder}`);
    throw error;
  } finally {
    progress.end();
    await killAll(arena.folder);
    await database.end();
    if (!isKept) arena.remove();
    dismissWarden();
  }
}

interface Run {
  readonly arena: Arena;
  readonly pm2: Pm2;
  readonly database: ChaosDatabase;
  readonly settings: ChaosSettings;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

async function playOut(run: Run): Promise<void> {
  const { arena, pm2, database, settings, progress } = run;
  const record = createRecord(arena.file(arenaFiles.record));
  const { database: _mayHoldPassword, ...asked } = settings;
  record.add({ kind: 'run', ...asked, ...relayerTiming, engine: database.engine, atMs: Date.now() });
  progress.say('starting ingester, relayer and sandbox under PM2 …');
  await pm2.start();
  const stage = await setUp(run, record);
  stage.vitals.start(() => stage.abandon.abort());
  progress.begin(stage);
  try {
    await mustBeUp(stage);
    await disturb(stage, database.troubles);
    await heal(stage);
    await runDry(stage);
  } finally {
    progress.end();
    await stage.vitals.stop().finally(() => stage.facts.close());
  }
  await stopAll(stage);
  await database.leaveEvidence(arena);
  record.close();
}

/** Connects to what PM2 has started. */
async function setUp({ arena, pm2, database, settings, signal }: Run, record: ChaosRecord): Promise<Stage> {
  const facts = await database.facts(arena, (report) => record.add({ kind: 'report', ...report }));
  const always = [usualDelay, ...(settings.forget ? [{ kind: 'forget', probability: 0.25 } as const] : [])];
  const link = new SandboxLink({ port: arena.port, record, always });
  const vitals = new Vitals({ arena, pm2, facts, link, record });
  const abandon = new AbortController();
  return {
    ...{ settings, arena, pm2, database, facts, link, vitals, record, abandon },
    signal: AbortSignal.any([signal, abandon.signal]),
    spared: new Set(),
    isStormy: false,
    act: 'starting',
  };
}

const startLimitMs = 60_000;

/** All three have done their first work, and the relayer delivers to this run's sandbox and nowhere else. */
async function mustBeUp({ arena, facts, vitals, link, signal }: Stage): Promise<void> {
  const isUp = async () => {
    const [sandbox] = await vitals.of('sandbox');
    return sandbox?.isUp === true && link.isTold && (await facts.counts()).processed > 0;
  };
  const isInTime = await waitFor(isUp, { withinMs: startLimitMs, signal });
  const strangers = (await facts.gateways()).filter(
    (gateway) => !gateway.startsWith(`${sandboxUrl(arena)}/`),
  );
  if (strangers.length > 0) {
    throw couldNotRun(`the relayer delivers to ${strangers.join(' and ')}, which is not this run's sandbox`);
  }
  if (isInTime === null) {
    throw couldNotRun(`no event was delivered within ${startLimitMs} ms: see the logs in pm2/logs`);
  }
}

/** Makes trouble until the time is up and enough processes were killed. */
async function disturb(stage: Stage, troubles: readonly DatabaseTrouble[]): Promise<void> {
  const { durationMs, kills } = stage.settings;
  const startMs = monotonicMs();
  // A machine too slow to do so many kills gets more time, but not for ever: then the verdict says how many there were.
  const limitMs = 4 * durationMs + 60_000;
  const isOver = () => {
    const elapsedMs = monotonicMs() - startMs;
    const isEnough = stage.record.of('kill').length >= kills;
    return (elapsedMs >= durationMs && isEnough) || elapsedMs >= limitMs;
  };
  await makeTrouble({ stage, troubles, isOver });
}

function couldNotRun(message: string): ChaosError {
  return new ChaosError('ERR_CHAOS_COULD_NOT_RUN', message);
}
