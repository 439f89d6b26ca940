import { movements } from '@supergraph/db/inventory/tables';
import { definePersonalData, holding, stays } from '@supergraph/platform/personal-data';
import { personalDataEvents } from '@supergraph/schema/events/platform';
import { readMovements } from '../store/personal-data.ts';

/** What inventory holds of people: who booked what, by id alone. A warehouse's address is its tenant's. */
export const personalData = definePersonalData({
  events: personalDataEvents('inventory'),
  columns: stays('the ledger is never changed; the id leads to nobody any more', movements.actorId),
  holdings: [
    holding({
      name: 'movements',
      description: 'What you booked in the stock ledgers of organizations, which keep them as long as they keep their stock.',
      read: readMovements,
      key: ({ id }) => [id],
    }),
  ],
});
