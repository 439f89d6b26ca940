import { entityTag, touch } from '@supergraph/platform/touches';
import {
  organizationArchived,
  organizationDeleted,
  organizationReinstated,
  organizationRestored,
  organizationSuspended,
  organizationUpdated,
} from '@supergraph/schema/events/organizations';

const organization = ({ organizationId }: { readonly organizationId: string }) => [entityTag('Organization', organizationId)];

export const touches = [
  touch(organizationUpdated, organization),
  touch(organizationSuspended, organization),
  touch(organizationReinstated, organization),
  touch(organizationArchived, organization),
  touch(organizationRestored, organization),
  touch(organizationDeleted, organization),
];
