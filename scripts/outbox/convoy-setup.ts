// `convoy setup`: a project in Convoy, and for each business an endpoint with a subscription; what is there already is kept. The
// project's key is shown once: it is in `.env` before anything else is made.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import type { CommandModule } from 'yargs';
import { commandName } from '../../apps/outbox/command-name.ts';
import { settingsOf } from '../../apps/outbox/config.ts';
import { convoyFlags } from '../../apps/outbox/convoy-settings.ts';
import { type Environment, readEnvironment } from '../../apps/outbox/environment.ts';
import { OutboxError } from '../../apps/outbox/outbox-error.ts';
import { jsonOption } from './output.ts';
import type { BusinessSetup } from './setup/business-step.ts';
import { withOutbox } from './with-outbox.ts';

interface SetupArguments {
  json: boolean;
  receiver: string;
  business?: string[] | undefined;
  project: string;
  organisation?: string | undefined;
  'personal-key-file'?: string | undefined;
  'base-url'?: string | undefined;
}

const mostBusinesses = 1_000;

export const convoySetupCommand: CommandModule<object, SetupArguments> = {
  command: 'setup',
  describe: 'Create what is missing in Convoy: project, endpoints, subscriptions',
  builder: (options) =>
    options
      .option('receiver', {
        type: 'string',
        demandOption: true,
        requiresArg: true,
        describe: 'URL that gets the webhooks; {business} in it becomes the business id',
      })
      .option('business', {
        type: 'string',
        array: true,
        requiresArg: true,
        describe: 'Business ids; default: all that have events in the outbox',
      })
      .option('project', {
        type: 'string',
        default: 'transactional-outbox',
        requiresArg: true,
        describe: 'Name of the project to create, if .env names none',
      })
      .option('organisation', {
        alias: 'organization',
        type: 'string',
        requiresArg: true,
        describe: 'Id of the organisation that gets the project [CONVOY_ORGANISATION_ID]',
      })
      .option('personal-key-file', {
        type: 'string',
        requiresArg: true,
        describe: 'A file that holds your personal API key [the key itself: CONVOY_PERSONAL_KEY]',
      })
      .option('base-url', {
        type: 'string',
        requiresArg: true,
        describe: 'Where Convoy is [CONVOY_BASE_URL]',
      })
      .options(jsonOption)
      .example(
        `${commandName.outbox} convoy setup --organisation 01H... --receiver https://hooks.example/{business}`,
        '',
      )
      .example(
        `${commandName.outbox} convoy setup --business 42 --receiver https://hooks.example/42`,
        'One more business',
      )
      .epilogue(
        'Can be repeated: what is there is kept. A project is only created when neither .env nor the environment holds a key; its key is written into .env.',
      ) as never,
  async handler(given) {
    const environment = withBaseUrl(readEnvironment({ variables: process.env, cwd: process.cwd() }), given);
    const receiver = receiverFor(given.receiver);
    const businesses = given.business ?? (await businessesOfOutbox());
    const tell = (line: string) => {
      if (!given.json) console.log(line);
    };
    // With these comes got, which is slow to load: the commands that only look must not wait for it.
    const [{ setUpProject }, { readDirectory }, { setUpBusiness }] = await Promise.all([
      import('./setup/project-step.ts'),
      import('./setup/refusal.ts'),
      import('./setup/business-step.ts'),
    ]);
    const project = await setUpProject({
      environment,
      settings: settingsOf(convoyFlags, environment.variables),
      name: given.project,
      organisation: given.organisation ?? environment.variables.CONVOY_ORGANISATION_ID,
      personalKey: personalKeyOf(given, environment),
      tell,
    });
    const directory = await readDirectory(project.access);
    const done: BusinessSetup[] = [];
    for (const business of new Set(businesses)) {
      const url = receiver(business);
      done.push(await setUpBusiness({ access: project.access, directory, business, url, tell }));
    }
    if (given.json) {
      const { access, ...told } = project;
      console.log(
        JSON.stringify({
          project: { id: access.projectId, baseUrl: access.baseUrl, ...told },
          businesses: done,
        }),
      );
    } else if (project.isCreated) {
      console.log(
        "wait some six seconds before the first event: Convoy's workers do not know a new project at first",
      );
    }
  },
};

/** `convoy` and what it offers. */
export const convoyCommand: CommandModule = {
  command: 'convoy <command>',
  describe: 'Prepare Convoy: convoy setup',
  builder: (options) =>
    options.command(convoySetupCommand).demandCommand(1, 'convoy has one command: convoy setup'),
  handler() {},
};

function withBaseUrl(environment: Environment, given: SetupArguments): Environment {
  const url = given['base-url'];
  if (url === undefined) return environment;
  return { ...environment, variables: { ...environment.variables, CONVOY_BASE_URL: url } };
}

/** The URL for each business. Throws ERR_OUTBOX_CONFIG for what is none. */
function receiverFor(template: string): (business: string) => string {
  const fill = (business: string) => template.replaceAll('{business}', encodeURIComponent(business));
  const example = fill('x');
  const url = URL.canParse(example) ? new URL(example) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '') return fill;
  throw new OutboxError(
    'ERR_OUTBOX_CONFIG',
    '--receiver: expected a URL such as https://hooks.example/{business}. Nothing was changed.',
  );
}

async function businessesOfOutbox(): Promise<readonly string[]> {
  const businesses = await withOutbox('read', ({ store }) => store.businesses(mostBusinesses));
  if (businesses.length > 0) return businesses;
  throw new OutboxError(
    'ERR_OUTBOX_CONFIG',
    'There are no events yet that would name the businesses: give each with --business ID. Nothing was changed.',
  );
}

function personalKeyOf(given: SetupArguments, { variables }: Environment): string | undefined {
  const file = given['personal-key-file'];
  if (file === undefined) return variables.CONVOY_PERSONAL_KEY;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new OutboxError(
      'ERR_OUTBOX_CONFIG',
      `--personal-key-file: ${file} cannot be read. Nothing was changed.`,
      { cause },
    );
  }
}
