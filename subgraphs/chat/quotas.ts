import { outbox, quotaLimits } from '@supergraph/db/chat/tables';
import { defineQuotas } from '@supergraph/platform/quotas';
import { quotaEvents } from '@supergraph/schema/events/platform';

/** How many people a group of an organization's may have. It is no sum, so no use of it is told. */
export const groupQuota = 'chat.group_size';

export const quotas = defineQuotas({ events: quotaEvents('chat'), limits: quotaLimits, outbox, keys: { [groupQuota]: null } });
