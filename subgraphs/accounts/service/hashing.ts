import { createHeavyWork } from '@supergraph/platform/heavy-work';

/** Who waits for a hash; at 30 ms each the last of those who are let in waits for 1.5 seconds. */
export const hashing = createHeavyWork({
  name: 'accounts_password_hashes',
  admittedPerLane: 50,
  refusal: { message: 'too many passwords are being checked right now', reason: 'PASSWORDS_BUSY', retryAfterSeconds: 2 },
});
