// The settings that say which Convoy, and as whom: definitions as plain data. The relayer has them, and whatever else asks Convoy.
import { convoyBaseUrl, defaultBaseUrl } from './convoy-url.ts';
import { type Flags, oneOf, type Parsed, text } from './flag.ts';

export const convoyFlags = {
  'convoy-api-key': {
    variable: 'CONVOY_API_KEY',
    describe: "The project's API key",
    secret: true,
    parse: apiKey,
  },
  'convoy-api-key-file': {
    variable: 'CONVOY_API_KEY_FILE',
    describe: 'A file that holds the key',
    parse: text({ maxLength: 4_096 }),
  },
  'convoy-project-id': {
    variable: 'CONVOY_PROJECT_ID',
    describe: 'The project that receives the events',
    parse: projectId,
  },
  'convoy-base-url': {
    variable: 'CONVOY_BASE_URL',
    describe: `Where Convoy is, ${defaultBaseUrl} unless set; /api or /api/v1 at the end may be left out`,
    parse: convoyBaseUrl,
  },
  'sandbox-url': {
    variable: 'RELAYER_SANDBOX_URL',
    describe: 'A local sandbox to deliver to as long as nothing else says where Convoy is',
    parse: convoyBaseUrl,
  },
  'allow-plain-http': {
    variable: 'CONVOY_ALLOW_PLAIN_HTTP',
    describe: 'yes lets the key travel unencrypted to a host that is not this one',
    default: 'no',
    parse: oneOf(['yes', 'no']),
  },
} as const satisfies Flags;

/** It goes into paths, where a dot or a slash would name something else. */
function projectId(given: string): Parsed<string> {
  const id = given.trim();
  if (/^[\w-]{1,255}$/.test(id)) return { kind: 'value', value: id };
  return { kind: 'expected', text: 'a project id of letters, digits, - and _' };
}

/** A key goes into a header: visible ASCII only. */
function apiKey(given: string): Parsed<string> {
  const key = given.trim();
  if (/^[\x21-\x7e]{1,1000}$/.test(key)) return { kind: 'value', value: key };
  return { kind: 'expected', text: 'a key of visible ASCII characters' };
}
