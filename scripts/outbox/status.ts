// `status`: how many events are in which state.
import type { CommandModule } from 'yargs';
import { withStore } from './with-store.ts';

export const statusCommand: CommandModule<object, { json: boolean }> = {
  command: 'status',
  describe: 'Count the events by state',
  builder: (options) => options.option('json', { type: 'boolean', default: false, describe: 'Print JSON' }),
  async handler({ json }) {
    const counts = await withStore((store) => store.counts());
    if (json) {
      console.log(JSON.stringify(counts));
      return;
    }
    for (const [state, events] of Object.entries(counts)) {
      console.log(`${state.padEnd(10)} ${String(events).padStart(12)}`);
    }
  },
};
