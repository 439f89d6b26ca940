import { forgetOldAudit } from './service/audit.ts';
import { proveDomains } from './service/domain-proofs.ts';
import { eraseOrganization, sweepDeletions } from './service/erasure.ts';
import { sendMails } from './service/mail.ts';

export const workers = [forgetOldAudit, sendMails, eraseOrganization, sweepDeletions, proveDomains];
