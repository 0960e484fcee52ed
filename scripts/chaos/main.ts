// Entry of `npm run chaos`: options in, verdict and exit status out.
import { instantName, writeResultFiles } from '../picture/result-files.ts';
import { ChaosError, exitStatus } from './chaos-error.ts';
import { readChaosConfig } from './config.ts';
import { Progress } from './progress.ts';
import { commandOf, reportText } from './report.ts';
import { type ChaosResult, originOfRun, resultOf } from './result.ts';
import { runChaos } from './run.ts';
import { runPictureSvg } from './run-picture.ts';

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
    const origin = originOfRun();
    const { verdict, folder } = await runChaos(settings, progress, interruption.signal);
    console.log(reportText({ settings, verdict, folder }));
    console.log(write(settings.out, resultOf(origin, settings, verdict)));
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

/** The verdict stands, whether or not its picture can be written. */
function write(folder: string, result: ChaosResult): string {
  const name = `${instantName(result.date)}-seed${result.settings.seed}`;
  try {
    return writeResultFiles({ folder, name, result, svg: runPictureSvg(result) });
  } catch (error) {
    return `No result was written: ${error instanceof Error ? error.message : error}`;
  }
}
