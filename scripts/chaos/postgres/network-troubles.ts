// What a network does to the applications' connections: cuts all of them at once, or passes nothing for a while.
import type { DatabaseTrouble } from '../chaos-database.ts';
import { pause } from '../waiting.ts';
import { noteTrouble } from './note-trouble.ts';
import type { DatabaseProxy } from './proxy.ts';

/** Less than a lease together with what a request takes, and than what a session's own pings put up with (two of 4 s). */
const longestFreezeMs = 2_000;

export function networkTroubles(proxy: DatabaseProxy): readonly DatabaseTrouble[] {
  return [
    {
      name: 'all connections cut',
      weight: 2,
      async play(stage, random) {
        const lostSessions = stage.settings.relayers;
        await noteTrouble(
          { stage, random },
          { what: 'connections cut', isCrash: false, lostSessions },
          async () => {
            proxy.cut();
          },
        );
      },
    },
    {
      name: 'the network stands still',
      weight: 2,
      async play(stage, random) {
        const freezeMs = random.between(300, longestFreezeMs);
        await noteTrouble(
          { stage, random },
          { what: 'network frozen', isCrash: false, lostSessions: 0 },
          async () => {
            proxy.freeze();
            await pause(freezeMs, stage.signal).finally(() => proxy.heal());
          },
        );
      },
    },
  ];
}
