// Projects over the API: the one that a key belongs to, whatever id the path names, which is how a relayer finds out that it is
// configured for another; and, with a person's key, all of them and a new one. Everything belongs to one organisation.
import type { SandboxProject } from './project-book.ts';
import { errorReply, type Reply, successReply } from './reply.ts';
import type { Command, Query, Route, World } from './world.ts';

export const projectRoute: Route = { kind: 'read', method: 'GET', answer: ownProject };
export const projectListRoute: Route = { kind: 'read', method: 'GET', answer: listProjects };
export const projectCreateRoute: Route = { kind: 'write', method: 'POST', answer: createProject };

function ownProject({ project }: Query): Reply {
  return successReply(200, { message: 'Project fetched successfully', data: shown(project) });
}

function listProjects(_: Query, { projects }: World): Reply {
  return successReply(200, { message: 'Projects fetched successfully', data: projects.list().map(shown) });
}

function createProject({ body }: Command, { projects }: World): Reply {
  const { name, type } = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  if (typeof name !== 'string' || name === '' || (type !== 'outgoing' && type !== 'incoming')) {
    return errorReply(400, 'Invalid input provided');
  }
  const made = projects.create(name);
  if (made === null) {
    return errorReply(400, "your instance has reached it's project limit, upgrade to create more projects");
  }
  return successReply(201, {
    message: 'Project created successfully',
    data: { api_key: { key: made.key, name: `${name}'s key`, type: 'api' }, project: shown(made.project) },
  });
}

function shown({ uid, name }: SandboxProject): Readonly<Record<string, unknown>> {
  return { uid, name, type: 'outgoing' };
}
