// What happens besides the single kills, act after act in an order that the seed decides: bad weather at the gateway, calm,
// poison, a polite stop, a stall, zombies, kill storms, the death of PM2 itself; and every minute all of it is healed.
import { badWeather, type Weather } from './bad-weather.ts';
import type { DatabaseTrouble } from './chaos-database.ts';
import { makeKills, playStorm } from './kills.ts';
import { checkLiveness } from './liveness.ts';
import { playNap } from './nap.ts';
import { playPm2Kill } from './pm2-kill.ts';
import { type Poison, poisons } from './poison.ts';
import { playPoliteStop } from './polite-stop.ts';
import { createDeck, createRandom, type Random } from './random.ts';
import { monotonicMs } from './record.ts';
import { takeSamples } from './samples.ts';
import type { Stage } from './stage.ts';
import { playStall } from './stall.ts';
import { pause, waitFor } from './waiting.ts';

interface Act {
  readonly name: string;
  readonly weight: number;
  readonly play: () => Promise<void>;
}

/** Between two healings. */
const healEveryMs = 60_000;
/** A storm lasts an eighth of the run, but no longer than this. */
const longestStormMs = 30_000;

export interface TroubleOptions {
  readonly stage: Stage;
  /** What the database can do to those who use it. */
  readonly troubles: readonly DatabaseTrouble[];
  readonly isOver: () => boolean;
}

/** Makes trouble of all kinds until `isOver`; in a soak only such as ends no process, and takes samples. */
export async function makeTrouble(options: TroubleOptions): Promise<void> {
  const { stage, isOver } = options;
  const random = createRandom(stage.settings.seed, 'kills');
  const tasks = [
    stage.settings.soak ? takeSamples(stage, isOver) : makeKills(stage, { random, isOver }),
    playActs(options),
  ];
  try {
    await Promise.all(tasks);
  } catch (error) {
    // When one fails the other is told to end, and has ended, before anything is cleaned up.
    stage.abandon.abort();
    await Promise.allSettled(tasks);
    throw error;
  }
}

/** Plays the worst acts first, then all of them as the deck has it. */
async function playActs({ stage, troubles, isOver }: TroubleOptions): Promise<void> {
  const random = createRandom(stage.settings.seed, 'trouble');
  const { relayers, soak } = stage.settings;
  const gentle = gentleActs(stage, random);
  const { nap, storm, pm2Kill, politeStop } = harshActs(stage, random);
  // With a single relayer nobody would do the work of one that sleeps.
  const naps = soak || relayers === 1 ? [] : [nap];
  const harsh = soak ? [] : [...naps, politeStop, ...databaseActs(stage, troubles), storm, pm2Kill];
  const draw = createDeck<Act>(random, [...Object.values(gentle), ...harsh]);
  let healedMs = monotonicMs();
  for (const act of [gentle.poison, gentle.weather, ...harsh]) await play(stage, act);
  while (!isOver()) {
    await play(stage, draw());
    if (monotonicMs() - healedMs < healEveryMs) continue;
    await play(stage, { name: 'healing', play: () => checkLiveness(stage) });
    healedMs = monotonicMs();
  }
  // Without a refused settlement nothing is shown about fencing: a scene that failed is played again, a few times.
  for (let left = 2; left > 0 && naps.length > 0; left--) {
    if ((await stage.facts.fencedEvents()) > 0) return;
    await play(stage, nap);
  }
}

async function play(stage: Stage, act: Pick<Act, 'name' | 'play'>): Promise<void> {
  stage.act = act.name;
  await act.play();
  stage.act = 'calm';
}

/** Acts that end no process. */
function gentleActs(stage: Stage, random: Random) {
  const drawWeather = createDeck(random, badWeather);
  const drawPoison = createDeck(random, poisons);
  return {
    calm: { name: 'calm', weight: 16, play: () => pause(random.between(500, 2_000), stage.signal) },
    weather: { name: 'bad weather', weight: 16, play: () => playWeather(stage, random, drawWeather()) },
    poison: { name: 'poison', weight: 4, play: () => insertPoison(stage, drawPoison()) },
    stall: { name: 'stall', weight: 4, play: () => playStall(stage, random) },
  };
}

/** Acts that do, or that put one to sleep. */
function harshActs(stage: Stage, random: Random) {
  const stormMs = Math.min(stage.settings.durationMs / 8, longestStormMs);
  const chance = createRandom(stage.settings.seed, 'storms');
  return {
    nap: { name: 'a relayer sleeps past its lease', weight: 4, play: () => playNap(stage, random) },
    politeStop: { name: 'polite stop', weight: 4, play: () => playPoliteStop(stage) },
    pm2Kill: { name: 'PM2 itself is killed', weight: 2, play: () => playPm2Kill(stage, random) },
    storm: {
      name: 'storm of kills',
      weight: 1,
      play: () => playStorm(stage, { random: chance, durationMs: stormMs }),
    },
  };
}

function databaseActs(stage: Stage, troubles: readonly DatabaseTrouble[]): readonly Act[] {
  const random = createRandom(stage.settings.seed, 'database');
  return troubles.map(({ play, ...act }) => ({ ...act, play: () => play(stage, random) }));
}

async function playWeather(stage: Stage, random: Random, { name, orders }: Weather): Promise<void> {
  stage.act = name;
  const fromMs = monotonicMs();
  stage.link.want(orders(random));
  await pause(random.between(300, 2_000), stage.signal);
  stage.link.want([]);
  await waitFor(() => stage.link.isTold, { withinMs: 10_000, signal: stage.signal });
  stage.record.add({ kind: 'faults', name, fromMs, toMs: monotonicMs() });
}

const lockLimitMs = 5_000;

async function insertPoison({ facts, record, signal }: Stage, { what, event }: Poison): Promise<void> {
  const id = await waitFor(() => facts.insertEvent(event), { withinMs: lockLimitMs, everyMs: 3, signal });
  if (id !== null) record.add({ kind: 'poison', id, what });
}
