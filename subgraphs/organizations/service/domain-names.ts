import { domainToASCII } from 'node:url';
import freeMailDomains from 'free-email-domains';
import { parse } from 'tldts';
import { z } from 'zod';

const publicMail = new Set(freeMailDomains);

/** A name below a public suffix, in its ASCII form; public mail providers belong to nobody who is asked. */
export const domainName = z
  .string()
  .max(253, 'must be a domain such as example.com')
  .transform((value) => domainToASCII(value.trim().replace(/\.$/, '')).toLowerCase())
  .refine((value) => {
    const { domain, isIcann, isIp, hostname } = parse(value);
    return domain !== null && hostname === value && isIcann === true && isIp === false;
  }, 'must be a domain such as example.com')
  .refine((value) => {
    const { domain } = parse(value);
    return domain === null || !(publicMail.has(value) || publicMail.has(domain));
  }, 'is a public mail provider; anybody may have an address there');
