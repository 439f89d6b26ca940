import { sendMails } from './service/mail.ts';

export const workers = [sendMails];
