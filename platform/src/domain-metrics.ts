import { Registry } from 'prom-client';

/** What the domains of this process measure; the operators' port shows it beside its own. */
export const domainMetrics = new Registry();
