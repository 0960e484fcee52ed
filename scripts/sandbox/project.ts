// GET /api/v1/projects/{id}: the project that the key belongs to, whatever id the path names. This is how a relayer
// finds out that it is configured for another one.
import { type Reply, successReply } from './reply.ts';
import { type Route, SANDBOX_PROJECT_ID } from './world.ts';

export const projectRoute: Route = { kind: 'read', method: 'GET', answer: ownProject };

function ownProject(): Reply {
  return successReply(200, {
    message: 'Project fetched successfully',
    data: { uid: SANDBOX_PROJECT_ID, name: 'sandbox', type: 'outgoing' },
  });
}
