// Entry of `npm run chaos`: options in, verdict and exit status out.
import { ChaosError, exitStatus } from './chaos-error.ts';
import { readChaosConfig } from './config.ts';
import { Progress } from './progress.ts';
import { commandOf, reportText } from './report.ts';
import { runChaos } from './run.ts';

process.exitCode = await main();

async function main(): Promise<number> {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interruption.abort());
  }
  try {
    const settings = await readChaosConfig(process.argv.slice(2));
    if (typeof settings === 'string') {
      console.log(settings);
      return exitStatus.held;
    }
    const progress = new Progress(process.stdout);
    progress.say(commandOf(settings));
    const { verdict, folder } = await runChaos(settings, progress, interruption.signal);
    console.log(reportText({ settings, verdict, folder }));
    return verdict.broken.length === 0 ? exitStatus.held : exitStatus.broken;
  } catch (error) {
    if (!(error instanceof ChaosError)) {
      console.error(error);
      return exitStatus.couldNotRun;
    }
    console.error(error.message);
    return error.code === 'ERR_CHAOS_USAGE' ? exitStatus.usage : exitStatus.couldNotRun;
  }
}
