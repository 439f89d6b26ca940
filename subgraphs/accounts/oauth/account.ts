import type { FindAccount } from 'oidc-provider';
import { canSignIn } from '../policy.ts';
import { findUsers } from '../store/users.ts';
import { surroundings } from './around.ts';

const seconds = (date: Date): number => Math.floor(date.getTime() / 1_000);

/** A person as OpenID Connect Core 1.0, 5.1 describes them; undefined for who may not sign in. */
export const findAccount: FindAccount = async (_koa, sub) => {
  const [user] = await findUsers(surroundings().db, [sub]);
  if (!user || !canSignIn(user)) return undefined;
  return {
    accountId: user.id,
    claims: () =>
      Promise.resolve({
        sub: user.id,
        name: user.displayName,
        preferred_username: user.handle,
        updated_at: seconds(user.createdAt),
        ...(user.locale ? { locale: user.locale } : {}),
        ...(user.timeZone ? { zoneinfo: user.timeZone } : {}),
        ...(user.email ? { email: user.email, email_verified: true } : {}),
      }),
  };
};
