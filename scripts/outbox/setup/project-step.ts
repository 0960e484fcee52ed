// The first step of setting up: the project. One that is configured is checked and kept; otherwise one is created with a person's
// key, and its own key is written into `.env` at once, since Convoy shows it only this time.
import { type ConvoyAccess, createInConvoy, memberOf, readConvoy } from '../../../apps/outbox/convoy.ts';
import { askProject } from '../../../apps/outbox/convoy-project.ts';
import { defaultBaseUrl } from '../../../apps/outbox/convoy-url.ts';
import { type ConvoySettings, credentialsOf, safe } from '../../../apps/outbox/credentials.ts';
import type { Environment } from '../../../apps/outbox/environment.ts';
import { OutboxError } from '../../../apps/outbox/outbox-error.ts';
import { envFile, mustBeWritable, writeEnv } from '../env-file.ts';
import { refusal } from './refusal.ts';

const timeoutMs = 30_000;

export interface ProjectRequest {
  readonly environment: Environment;
  readonly settings: ConvoySettings;
  /** Of a project to be created. */
  readonly name: string;
  readonly organisation: string | undefined;
  readonly personalKey: string | undefined;
  readonly tell: (line: string) => void;
}

export interface ProjectSetup {
  /** With the project's own key. */
  readonly access: ConvoyAccess;
  readonly isCreated: boolean;
  /** The file that got the settings, and which; null when nothing was to be written. */
  readonly written: { readonly file: string; readonly variables: readonly string[] } | null;
}

/** Finds or creates the project. Throws OutboxError when it can do neither; then nothing was changed. */
export async function setUpProject(request: ProjectRequest): Promise<ProjectSetup> {
  const { settings } = request;
  const isKeyGiven =
    settings['convoy-api-key'] !== undefined || settings['convoy-api-key-file'] !== undefined;
  if (isKeyGiven) return findProject(request);
  if (settings['convoy-project-id'] !== undefined) {
    throw new OutboxError(
      'ERR_OUTBOX_CONFIG',
      'CONVOY_PROJECT_ID is set without CONVOY_API_KEY: add the key of that project, or remove both to create a new one. Nothing was changed.',
    );
  }
  return createProject(request);
}

/** With a project's key Convoy answers with the key's own project, whatever id the path names. */
async function findProject({ settings, environment, tell }: ProjectRequest): Promise<ProjectSetup> {
  const wantedId = settings['convoy-project-id'];
  const credentials = credentialsOf(
    { ...settings, 'convoy-project-id': wantedId ?? 'own' },
    environment.root,
  );
  const access = { ...credentials, timeoutMs };
  const answer = await askProject(access);
  if (answer.kind === 'unknown') throw refusal('read the project with CONVOY_API_KEY', answer);
  const { projectId } = answer;
  if (wantedId !== undefined && projectId !== wantedId) {
    throw new OutboxError(
      'ERR_OUTBOX_WRONG_PROJECT',
      `CONVOY_PROJECT_ID is ${wantedId}, but the key belongs to project ${projectId}: correct one of the two. Nothing was changed`,
    );
  }
  tell(`project ${projectId}: found, the key fits`);
  if (wantedId !== undefined) return { access, isCreated: false, written: null };
  const file = envFile(environment);
  mustBeWritable(file);
  writeEnv(file, { CONVOY_PROJECT_ID: projectId });
  tell(`${file}: CONVOY_PROJECT_ID written`);
  const written = { file, variables: ['CONVOY_PROJECT_ID'] };
  return { access: { ...access, projectId }, isCreated: false, written };
}

async function createProject(request: ProjectRequest): Promise<ProjectSetup> {
  const { settings, environment, name, tell } = request;
  const { personalKey, organisation } = given(request);
  const baseUrl = settings['convoy-base-url'] ?? `${defaultBaseUrl}/api`;
  const person = safe({ baseUrl, projectId: '', apiKey: personalKey, timeoutMs }, settings);
  const file = envFile(environment);
  mustBeWritable(file);
  const parameters = { orgID: organisation };
  await mustBeNew(person, { name, parameters });
  const made = await createInConvoy(person, {
    path: '',
    scope: 'instance',
    parameters,
    body: { name, type: 'outgoing' },
  });
  if (made.kind !== 'created') throw refusal(`create the project "${name}"`, made);
  const projectId = memberOf(memberOf(made.data, 'project'), 'uid');
  const apiKey = memberOf(memberOf(made.data, 'api_key'), 'key');
  if (typeof projectId !== 'string' || typeof apiKey !== 'string') {
    throw refusal(`read the key of the project "${name}", which was created`, {
      kind: 'unknown',
      reason: 'Convoy did not tell it: make a new key in its dashboard and put it into .env',
    });
  }
  const variables = {
    CONVOY_API_KEY: apiKey,
    CONVOY_PROJECT_ID: projectId,
    ...(settings['convoy-base-url'] === undefined ? {} : { CONVOY_BASE_URL: baseUrl }),
  };
  writeEnv(file, variables);
  tell(`project ${projectId} "${name}": created`);
  tell(`${file}: ${Object.keys(variables).join(', ')} written`);
  return {
    access: { baseUrl, projectId, apiKey, timeoutMs },
    isCreated: true,
    written: { file, variables: Object.keys(variables) },
  };
}

function given({ personalKey, organisation }: ProjectRequest): { personalKey: string; organisation: string } {
  if (personalKey === undefined || personalKey === '') {
    throw new OutboxError(
      'ERR_OUTBOX_CONFIG',
      'No project is configured, and without a personal API key none can be created: set CONVOY_PERSONAL_KEY or give --personal-key-file (Convoy: account settings, personal API keys). Nothing was changed.',
    );
  }
  if (organisation === undefined || organisation === '') {
    throw new OutboxError(
      'ERR_OUTBOX_CONFIG',
      "--organisation: expected the id of the organisation that gets the project (it is in the address of Convoy's dashboard). Nothing was changed.",
    );
  }
  return { personalKey, organisation };
}

/** A second project of the same name would leave people guessing; and the first one's key cannot be read again. */
async function mustBeNew(
  person: ConvoyAccess,
  { name, parameters }: { readonly name: string; readonly parameters: Readonly<Record<string, string>> },
): Promise<void> {
  const read = await readConvoy(person, { path: '', scope: 'instance', parameters });
  if (read.kind !== 'read') throw refusal('list the projects with the personal key', read);
  const list = Array.isArray(read.data) ? read.data : [];
  const found = list.find((project) => memberOf(project, 'name') === name);
  if (found === undefined) return;
  throw new OutboxError(
    'ERR_OUTBOX_CONFIG',
    `there is a project "${name}" (${String(memberOf(found, 'uid'))}) already, and Convoy showed its key only once: put CONVOY_API_KEY and CONVOY_PROJECT_ID into .env, or choose another name with --project. Nothing was changed.`,
  );
}
