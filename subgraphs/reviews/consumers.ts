import { on } from '@supergraph/platform/consumers';
import { userReinstated, userSuspended } from '@supergraph/schema/events/accounts';
import { productArchived, productChanged, productPublished, productUnpublished } from '@supergraph/schema/events/catalog';
import {
  memberAdded,
  memberReinstated,
  memberRemoved,
  memberSuspended,
  memberUpdated,
  organizationArchived,
  organizationReinstated,
  organizationRestored,
  organizationSuspended,
  roleDeleted,
  roleUpdated,
} from '@supergraph/schema/events/organizations';
import { changeMember, changeRole, saveInactivity, saveMember, saveSubject, saveSuspension } from './store/register.ts';
import type { Subject } from './store/rows.ts';

type ProductState = { readonly productId: string; readonly sellerId: string; readonly version: number; readonly title?: string };

const toSubject = ({ productId, sellerId, version, title }: ProductState, status: Subject['status']): Subject => ({
  kind: 'PRODUCT',
  id: productId,
  ownerId: sellerId,
  status,
  title: title ?? null,
  version,
});

export const consumers = [
  on(productPublished, (_ctx, tx, { payload }) => saveSubject(tx, toSubject(payload, 'OPEN'))),
  on(productChanged, (_ctx, tx, { payload }) => saveSubject(tx, toSubject(payload, 'OPEN'))),
  on(productUnpublished, (_ctx, tx, { payload }) => saveSubject(tx, toSubject(payload, 'CLOSED'))),
  on(productArchived, (_ctx, tx, { payload }) => saveSubject(tx, toSubject(payload, 'CLOSED'))),
  on(memberAdded, (_ctx, tx, { payload: { organizationId, userId, roleKey, permissions, epoch } }) =>
    saveMember(tx, { organizationId, userId, roleKey, permissions, active: true, epoch }),
  ),
  on(memberUpdated, (_ctx, tx, { payload: { organizationId, userId, roleKey, permissions, epoch } }) =>
    saveMember(tx, { organizationId, userId, roleKey, permissions, active: true, epoch }),
  ),
  on(memberSuspended, (_ctx, tx, { payload: { organizationId, userId, epoch } }) =>
    changeMember(tx, { organizationId, userId, epoch, active: false, removed: false }),
  ),
  on(memberReinstated, (_ctx, tx, { payload: { organizationId, userId, epoch } }) =>
    changeMember(tx, { organizationId, userId, epoch, active: true, removed: false }),
  ),
  on(memberRemoved, (_ctx, tx, { payload: { organizationId, userId, epoch } }) =>
    changeMember(tx, { organizationId, userId, epoch, active: false, removed: true }),
  ),
  on(roleUpdated, (_ctx, tx, { payload: { organizationId, key, permissions, epoch } }) =>
    changeRole(tx, { organizationId, roleKey: key, permissions, epoch }),
  ),
  on(roleDeleted, (_ctx, tx, { payload: { organizationId, key, replacementKey, permissions, epoch } }) =>
    changeRole(tx, { organizationId, roleKey: key, becomes: replacementKey, permissions, epoch }),
  ),
  on(organizationSuspended, (_ctx, tx, { payload }) => saveInactivity(tx, payload.organizationId, 'SUSPENDED', true)),
  on(organizationReinstated, (_ctx, tx, { payload }) => saveInactivity(tx, payload.organizationId, 'SUSPENDED', false)),
  on(organizationArchived, (_ctx, tx, { payload }) => saveInactivity(tx, payload.organizationId, 'ARCHIVED', true)),
  on(organizationRestored, (_ctx, tx, { payload }) => saveInactivity(tx, payload.organizationId, 'ARCHIVED', false)),
  on(userSuspended, (_ctx, tx, { payload }) => saveSuspension(tx, payload.userId, true)),
  on(userReinstated, (_ctx, tx, { payload }) => saveSuspension(tx, payload.userId, false)),
];
