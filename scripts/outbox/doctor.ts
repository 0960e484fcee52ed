// `doctor`: looks at everything that a delivery rests on and says, one line each, what is well and what to do. It changes nothing.

import { existsSync, statSync } from 'node:fs';
import process from 'node:process';
import type { CommandModule } from 'yargs';
import { systemClock } from '../../apps/outbox/clock.ts';
import { commandName } from '../../apps/outbox/command-name.ts';
import { type DatabasePlace, databasePlace } from '../../apps/outbox/database-place.ts';
import { isInstalled, readEnvironment } from '../../apps/outbox/environment.ts';
import { loadPostgres } from '../../apps/outbox/load-postgres.ts';
import { outboxTable } from '../../apps/outbox/outbox-table.ts';
import {
  checkClaim,
  checkEventClock,
  checkIndexes,
  checkJournal,
  checkSchema,
  checkSqlite,
  checkWal,
} from './doctor/database-checks.ts';
import { type Finding, wrong } from './doctor/finding.ts';
import { checkFileSystem, checkNode, checkPermissions, checkRoom } from './doctor/machine-checks.ts';
import { checkPm2 } from './doctor/pm2-checks.ts';
import { checkRelayers, checkWriters, livingRelayers, type RelayerProcess } from './doctor/process-checks.ts';
import { unusable } from './doctor/unusable.ts';
import { readWalProgress, type WalProgress } from './doctor/wal-index.ts';
import { commandExitCodes } from './exit-code.ts';
import type { OpenFile, OpenOutbox } from './open-outbox.ts';
import { jsonOption, printResult, terminalWidth } from './output.ts';
import { cut } from './table.ts';
import { withOutbox } from './with-outbox.ts';
import { numberText, plainText } from './wording.ts';

export const doctorCommand: CommandModule<object, { json: boolean }> = {
  command: 'doctor',
  describe: 'Check everything that a delivery rests on, and say what to do',
  builder: (options) =>
    options
      .options(jsonOption)
      .example(`${commandName.outbox} doctor`, 'Exit code 5 if something is wrong')
      .example(
        `${commandName.outbox} doctor --json | jq '.findings[] | select(.level != "ok")'`,
        '',
      ) as never,
  async handler({ json }) {
    const findings = await examine();
    const isWrong = findings.some(({ level }) => level === 'wrong');
    if (isWrong) process.exitCode = commandExitCodes.findings;
    printResult(json, { isWell: !isWrong, findings }, () => reportLines(findings, terminalWidth()));
  },
};

/** What does not need the database first: where it cannot be opened, that is said, and why. */
async function examine(): Promise<readonly Finding[]> {
  const environment = readEnvironment({ variables: process.env, cwd: process.cwd() });
  const table = outboxTable(environment);
  const findings: Finding[] = [checkNode()];
  let place: DatabasePlace;
  try {
    place = databasePlace(environment);
  } catch (error) {
    return [...findings, unusable('database', error)];
  }
  if (place.engine === 'postgres') {
    const { examineUnopened } = await loadPostgres(import('./doctor/server.ts'));
    findings.push(...(await examineUnopened(place.url, table)));
    if (findings.at(-1)?.level === 'wrong') return findings;
    return withOutbox('read', async (outbox) => [...findings, ...(await examineOpen(outbox, null))]);
  }
  const file = place.url;
  if (!existsSync(file)) {
    const todo = `set DATABASE_URL, or ${isInstalled ? 'create it with your own migrations' : 'start the applications, which create it'}`;
    return [...findings, wrong('database', `there is none at ${file}`, todo)];
  }
  if (statSync(file).isDirectory()) {
    return [...findings, wrong('database', `${file} is a folder`, 'name the file in it with DATABASE_URL')];
  }
  // Before this process opens the file: see wal-index.ts.
  const progress = readWalProgress(file);
  const schema = await checkSchema(file, table);
  findings.push(checkPermissions(file), checkFileSystem(file), checkRoom(file), schema);
  if (schema.level === 'wrong') return findings;
  return withOutbox('read', async (outbox) => [...findings, ...(await examineOpen(outbox, progress))]);
}

async function examineOpen(outbox: OpenOutbox, progress: WalProgress | null): Promise<readonly Finding[]> {
  // got, which asks Convoy, is slow to load: the commands that only look must not wait for it.
  const { checkConvoy } = await import('./doctor/convoy-checks.ts');
  const nowMs = () => systemClock.nowMs();
  const relayers = await livingRelayers(outbox);
  return [
    ...(outbox.engine.kind === 'sqlite'
      ? await examineFile(outbox, outbox.engine, { relayers, progress })
      : await (await loadPostgres(import('./doctor/server.ts'))).examineServer(
          outbox,
          outbox.engine,
          relayers,
        )),
    ...checkPm2(relayers),
    ...(await checkConvoy(outbox, nowMs)),
  ];
}

async function examineFile(
  outbox: OpenOutbox,
  { db, file }: OpenFile,
  seen: { readonly relayers: readonly RelayerProcess[]; readonly progress: WalProgress | null },
): Promise<readonly Finding[]> {
  const { store, table } = outbox;
  return [
    checkSqlite(db),
    checkJournal(db),
    checkWal(file, seen.progress),
    checkIndexes(db, table),
    checkClaim(db, table),
    await checkEventClock(outbox, outbox.nowMs()),
    ...checkRelayers(seen.relayers),
    ...(await checkWriters({ store, file }, seen.relayers)),
  ];
}

const marks: Readonly<Record<Finding['level'], string>> = {
  ok: 'ok     ',
  unknown: '?      ',
  caution: 'caution',
  wrong: 'WRONG  ',
};

/** Of what is wrong with single businesses people are shown so much; --json has all. */
const mostBusinessLines = 20;

/** Pure: exported for its test. */
export function reportLines(findings: readonly Finding[], width: number | null): readonly string[] {
  const ofBusinesses = findings.filter(({ check }) => check.startsWith('business '));
  const unshown = new Set(ofBusinesses.slice(mostBusinessLines));
  const shown = findings.filter((finding) => !unshown.has(finding));
  const checkWidth = Math.min(24, Math.max(...shown.map(({ check }) => check.length)));
  const lines = shown.map(({ check, level, says, todo }) => {
    const text = `${marks[level]} ${check.padEnd(checkWidth)}  ${says}`;
    // What to do must not be cut off.
    return plainText(todo === null ? cut(text, width) : `${text.replace(/\.$/, '')}. To do: ${todo}`);
  });
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length;
  return [
    ...lines,
    ...(unshown.size > 0 ? [`... and ${numberText(unshown.size)} businesses more; --json lists all`] : []),
    '',
    `${count('wrong')} wrong, ${count('caution')} to be careful with, ${count('unknown')} not known, ${count('ok')} well`,
  ];
}
