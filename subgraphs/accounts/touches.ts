import { entityTag, listTag, touch } from '@supergraph/platform/touches';
import { userDeleted, userRegistered, userUpdated } from '@supergraph/schema/events/accounts';

const user = ({ userId }: { readonly userId: string }) => [entityTag('User', userId)];

export const touches = [
  // Somebody may have been asked for before they were there.
  touch(userRegistered, ({ userId }) => [...user({ userId }), listTag('User')]),
  touch(userUpdated, user),
  touch(userDeleted, user),
];
