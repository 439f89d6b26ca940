import { forgetOldAudit } from './service/audit.ts';
import { sendMails } from './service/mail.ts';

export const workers = [forgetOldAudit, sendMails];
