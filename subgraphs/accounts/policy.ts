import type { PlatformRole, Viewer } from '@supergraph/platform/context';
import type { User } from './store/users.ts';

/** Administrators see and change what is otherwise a person's own. */
export const isAdmin = (viewer: Pick<Viewer, 'roles'> | null): boolean => viewer?.roles.includes('ADMIN') ?? false;

/** Personal parts of an account are for the person and for administrators. */
export const canSeePersonal = (viewer: Pick<Viewer, 'userId' | 'roles'> | null, userId: string): boolean =>
  viewer !== null && (viewer.userId === userId || isAdmin(viewer));

/** Whether anybody else may know more than that the account is there or gone. */
export const statusFor = (viewer: Pick<Viewer, 'userId' | 'roles'> | null, user: Pick<User, 'id' | 'status'>): User['status'] => {
  if (canSeePersonal(viewer, user.id)) return user.status;
  return user.status === 'ERASED' ? 'ERASED' : 'ACTIVE';
};

/** Suspended and erased accounts do not sign in; who asked for erasure may, to think again. */
export const canSignIn = (user: Pick<User, 'status' | 'kind'>): boolean =>
  user.kind === 'PERSON' && (user.status === 'ACTIVE' || user.status === 'DELETION_SCHEDULED');

/** Whose access tokens work: suspended and erased accounts' do not. */
export const canUseTokens = (user: Pick<User, 'status'>): boolean => user.status === 'ACTIVE' || user.status === 'DELETION_SCHEDULED';

const scopeForm = /^[a-z_]+:[a-z_.]+$/;

/** Scopes that an access token may have: those that its maker has, but neither `app`, which stands for all, nor an administrator's. */
export const isGrantable = (viewer: Pick<Viewer, 'scopes'>, scope: string): boolean =>
  viewer.scopes.includes(scope) && scopeForm.test(scope) && !scope.split(/[:.]/).includes('admin');

const order: readonly PlatformRole[] = ['USER', 'MODERATOR', 'ADMIN'];

/** Roles as they are kept: USER always, each once, in their order. */
export const normalRoles = (roles: readonly PlatformRole[]): PlatformRole[] =>
  order.filter((role) => role === 'USER' || roles.includes(role));

/** So many wrong passwords in a row close an account's password path, for longer with each more, in milliseconds. */
export const passwordPath = { from: 10, forMs: [1, 2, 4, 8, 15].map((minutes) => minutes * 60_000) } as const;
