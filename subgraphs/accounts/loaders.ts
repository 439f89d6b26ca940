import type { RequestContext } from '@supergraph/platform/context';
import { loadById } from '@supergraph/platform/loader';
import { findSessions } from './store/sessions.ts';
import { findPasswords, findUsers } from './store/users.ts';

/** Loaders live for one request; the gateway asks for many keys, the database is asked once. */
export const createLoaders = ({ db }: Pick<RequestContext, 'db'>) => ({
  userById: loadById(
    (ids) => findUsers(db, ids),
    (user) => user.id,
  ),
  sessionById: loadById(
    (ids) => findSessions(db, ids),
    (session) => session.id,
  ),
  passwordByUser: loadById(
    (ids) => findPasswords(db, ids),
    (password) => password.userId,
  ),
});
export type Loaders = ReturnType<typeof createLoaders>;
