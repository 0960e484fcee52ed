// What happens besides the kills, act after act in an order that the seed decides: bad weather at the gateway, calm, poison,
// a polite stop, a stall, and the scene in which a relayer sleeps past its lease.
import { badWeather, type Weather } from './bad-weather.ts';
import { playNap } from './nap.ts';
import { type Poison, poisons } from './poison.ts';
import { playPoliteStop } from './polite-stop.ts';
import { createDeck, type Random } from './random.ts';
import { monotonicMs } from './record.ts';
import type { Stage } from './stage.ts';
import { playStall } from './stall.ts';
import { pause, waitFor } from './waiting.ts';

interface Act {
  readonly name: string;
  readonly weight: number;
  readonly play: () => Promise<void>;
}

/** Plays a nap and bad weather first, then act after act until `isOver`. */
export async function makeTrouble(stage: Stage, random: Random, isOver: () => boolean): Promise<void> {
  const drawWeather = createDeck(random, badWeather);
  const drawPoison = createDeck(random, poisons);
  const nap = { name: 'a relayer sleeps past its lease', weight: 1, play: () => playNap(stage, random) };
  const weather = { name: 'bad weather', weight: 8, play: () => playWeather(stage, random, drawWeather()) };
  const poison = { name: 'poison', weight: 2, play: () => insertPoison(stage, drawPoison()) };
  const draw = createDeck<Act>(random, [
    { name: 'calm', weight: 8, play: () => pause(random.between(500, 2_000), stage.signal) },
    { name: 'polite stop', weight: 2, play: () => playPoliteStop(stage) },
    { name: 'stall', weight: 2, play: () => playStall(stage, random) },
    ...[nap, weather, poison],
  ]);
  const play = async (act: Act) => {
    stage.act = act.name;
    await act.play();
    stage.act = 'calm';
  };
  for (const act of [poison, nap, weather]) await play(act);
  while (!isOver()) await play(draw());
  // Without a refused settlement nothing is shown about fencing: a scene that failed is played again, a few times.
  for (let left = 2; left > 0 && stage.facts.fencedEvents() === 0; left--) await play(nap);
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
