// What goes over the wire: certificates are verified, the key never travels in clear text to another host, answers are
// bounded, and no value from the database or the settings can add a header or change a path.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { askProject } from '../apps/outbox/convoy-project.ts';
import { credentialsOf } from '../apps/outbox/credentials.ts';
import { readRelayerConfig } from '../apps/relayer/config.ts';
import { placeFor, quietSandbox, said, startRelayer, stopAll } from './both-apps.ts';
import { claimedEvent, delivererFor, testKey } from './delivery.ts';
import { tempDirectory, waitFor } from './helpers.ts';
import { insertEvent, plainConnection } from './outbox-database.ts';
import { startReplyServer } from './reply-server.ts';

const whyNoCertificate =
  spawnSync('openssl', ['version']).status === 0 ? null : 'openssl, which makes the certificate, is missing';
if (whyNoCertificate !== null) console.warn(`TLS was NOT tried: ${whyNoCertificate}`);

/** A self-signed certificate for this machine; `name` is what it is made out to. */
function certificate(name: string) {
  const folder = tempDirectory();
  const [keyFile, file] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
  const made = spawnSync(
    'openssl',
    `req -x509 -newkey rsa:2048 -nodes -keyout ${keyFile} -out ${file} -days 2 -subj /CN=test -addext subjectAltName=${name}`.split(
      ' ',
    ),
    { encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(made.stderr);
  return { file, key: readFileSync(keyFile), cert: readFileSync(file) };
}

/** Convoy as far as TLS goes: it knows the project, accepts every event, and counts requests. */
async function secureServer(identity: { readonly key: Buffer; readonly cert: Buffer }) {
  const seen = { requests: 0 };
  const server: Server = createServer(identity, (request, response) => {
    seen.requests += 1;
    request.resume();
    response
      .writeHead(request.method === 'GET' ? 200 : 201, { 'content-type': 'application/json' })
      .end('{"status":true,"data":{"uid":"p1"}}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { seen, url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe.skipIf(whyNoCertificate !== null)('a certificate', () => {
  const start = async (name: string, trusted: boolean) => {
    const identity = certificate(name);
    const { seen, url } = await secureServer(identity);
    const place = placeFor(await quietSandbox());
    const seq = insertEvent(plainConnection(place.file));
    const trust = trusted ? { NODE_EXTRA_CA_CERTS: identity.file } : {};
    const env = { ...place.env, CONVOY_BASE_URL: url, CONVOY_PROJECT_ID: 'p1', ...trust };
    return { seen, seq, place, relayer: startRelayer({ ...place, env }) };
  };

  test.each([
    ['that nobody signed', 'IP:127.0.0.1', false, /self-signed certificate/],
    ['made out to another name', 'DNS:convoy.example', true, /does not match certificate's altnames/],
  ])('%s is refused with the reason, and nothing is sent', async (_, name, trusted, reason) => {
    const { seen, place, relayer, seq } = await start(name, trusted);
    await said(relayer, new RegExp(`does not confirm the project yet.*${reason.source}`));
    expect(seen.requests).toBe(0);
    expect(await stopAll(relayer)).toEqual([0]);
    const status = plainConnection(place.file)
      .prepare('SELECT status FROM events WHERE seq = ?')
      .pluck()
      .get(seq);
    expect(status).toBe('pending');
  });

  test('that NODE_EXTRA_CA_CERTS names is trusted, by the check and by deliveries', async () => {
    const { place, relayer, seq } = await start('IP:127.0.0.1', true);
    const status = plainConnection(place.file).prepare('SELECT status FROM events WHERE seq = ?').pluck();
    await waitFor('the delivery', () => status.get(seq) === 'processed');
    expect(await stopAll(relayer)).toEqual([0]);
  });

  test('that nobody signed stops a delivery too', async () => {
    const { seen, url } = await secureServer(certificate('IP:127.0.0.1'));
    const outcome = await delivererFor(url).deliver(claimedEvent(), 5_000);
    expect(outcome).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('self-signed') });
    expect(seen.requests).toBe(0);
  });
});

/** What the settings come to, or the error that names what is wrong with them. */
async function settingsWith(change: NodeJS.ProcessEnv) {
  const variables = { CONVOY_API_KEY: 'k', CONVOY_PROJECT_ID: 'p', ...change };
  const config = await readRelayerConfig({ args: [], environment: { root: '/', variables } });
  return config.kind === 'settings' ? credentialsOf(config.settings, '/') : null;
}

describe('plain http', () => {
  test.each([
    'http://convoy.example',
    'http://10.0.0.1',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'http://[::2]',
    'http://0.0.0.0',
  ])('to %s is refused: the key would travel unencrypted', async (url) => {
    await expect(settingsWith({ CONVOY_BASE_URL: url })).rejects.toMatchObject({
      code: 'ERR_OUTBOX_CONFIG',
      message: expect.stringMatching(/expected https, got .* the key would travel unencrypted/),
    });
    expect(await settingsWith({ CONVOY_BASE_URL: url, CONVOY_ALLOW_PLAIN_HTTP: 'yes' })).toBeDefined();
  });

  test.each(['http://localhost:1', 'http://127.9.9.9:1', 'http://[::1]:1'])(
    'to this machine is allowed: %s',
    async (url) => {
      expect(await settingsWith({ CONVOY_BASE_URL: url })).toMatchObject({ baseUrl: `${url}/api` });
    },
  );
});

describe('an answer without end', () => {
  const endless = () =>
    startReplyServer((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const pour = () => {
        while (!response.destroyed && response.write('x'.repeat(64 * 1024)));
        if (!response.destroyed) response.once('drain', pour);
      };
      pour();
    });

  test('to the project check is cut off', async () => {
    const { url } = await endless();
    const access = { baseUrl: `${url}/api`, projectId: 'p', apiKey: testKey, timeoutMs: 10_000 };
    const startedMs = performance.now();
    expect(await askProject(access)).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining('endless answer'),
    });
    expect(performance.now() - startedMs).toBeLessThan(9_000);
  });

  test('to a delivery is cut off', async () => {
    const { url } = await endless();
    const outcome = await delivererFor(url).deliver(claimedEvent(), 10_000);
    expect(outcome).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('longer than') });
  });
});

describe('no value gets out of its place', () => {
  const evil = 'x\r\nevil: 1\r\n\r\nPOST /evil HTTP/1.1';

  test.each(['a/../../b', '..', 'a?b', 'a#b', 'a b', 'a%2fb', evil])(
    'a project id of %j is refused at the start',
    async (projectId) => {
      await expect(settingsWith({ CONVOY_PROJECT_ID: projectId })).rejects.toMatchObject({
        code: 'ERR_OUTBOX_CONFIG',
        message: expect.stringMatching(/^CONVOY_PROJECT_ID: expected a project id/),
      });
    },
  );

  test('texts of an event reach the gateway inside its JSON, and nowhere else', async () => {
    const server = await startReplyServer((response) => {
      response.writeHead(201, { 'content-type': 'application/json' }).end('{"status":true}');
    });
    const event = claimedEvent({ businessId: evil, eventType: `"},"x":{"${evil}`, id: evil, keySuffix: '"' });
    await delivererFor(server.url).deliver(event, 5_000);
    expect(server.requests).toHaveLength(1);
    const [{ url, headers, body } = { url: '', headers: {}, body: '{}' }] = server.requests;
    expect(url).toBe('/api/v1/projects/project-1/events/fanout');
    expect(headers).not.toHaveProperty('evil');
    expect(JSON.parse(body)).toEqual({
      owner_id: evil,
      event_type: event.eventType,
      idempotency_key: `${evil}"`,
      data: { amount: 1.1 },
    });
  });
});
