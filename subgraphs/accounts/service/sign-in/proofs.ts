import type { Db } from '@supergraph/platform/database';
import { badInput } from '@supergraph/platform/errors';
import { idInput, nameText, optional } from '@supergraph/platform/input';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import type { Flow } from '../../store/sessions.ts';
import { normalPassword } from '../passwords.ts';
import { Assertion, provePasskey } from './prove-passkey.ts';
import { provePassword } from './prove-password.ts';
import { proveRecoveryCode, proveTotp } from './prove-second.ts';

/** A proof that is right so far. */
export interface Proven {
  readonly userId: string;
  readonly method: Flow['proven'][number];
  /** Alone as good as two: the authenticator knows its owner. */
  readonly isStrong: boolean;
  /** Uses the proof up, in the transaction of what it opens; false when it holds no more or somebody else used it. */
  readonly useUp: (tx: Db) => Promise<boolean>;
}

const kinds = ['password', 'totpCode', 'recoveryCode', 'passkeyAssertion'] as const;
const onlyOne = `exactly one of ${kinds.join(', ')} must be given`;

/** One step of a flow, as clients send it. */
export const Step = z
  .strictObject({
    flowId: idInput,
    password: optional(
      z
        .string()
        .min(1, 'must not be empty')
        .transform(normalPassword)
        // Counted as where it was chosen: what one keyboard writes as two characters is one.
        .refine((value) => value.length <= 256, 'must have at most 256 characters'),
    ),
    totpCode: optional(z.string().regex(/^\d{6}$/, 'must be 6 digits')),
    recoveryCode: optional(z.string().min(1, 'must not be empty').max(50, 'must have at most 50 characters')),
    passkeyAssertion: optional(Assertion),
    trustDevice: z
      .boolean()
      .nullish()
      .transform((trust) => trust ?? false),
    deviceName: optional(nameText({ max: 100 })),
  })
  .superRefine((step, check) => {
    const given = kinds.filter((kind) => step[kind] !== undefined);
    if (given.length === 1) return;
    for (const kind of given.length === 0 ? (['password'] as const) : given)
      check.addIssue({
        code: 'custom',
        path: [kind],
        message: given.length === 0 ? `is missing: ${onlyOne}` : `is one too many: ${onlyOne}`,
      });
  });
export type Step = z.infer<typeof Step>;

/** Checks the one proof of a step; null when it is wrong, whatever is wrong with it. */
export async function prove(ctx: Context, flow: Flow, step: Step): Promise<Proven | null> {
  if (step.passkeyAssertion !== undefined) return provePasskey(ctx, flow, step.passkeyAssertion);
  if (flow.status === 'FIRST_FACTOR') return provePassword(ctx, flow, step.password ?? '');
  if (step.totpCode !== undefined) return proveTotp(ctx, flow, step.totpCode);
  return proveRecoveryCode(ctx, flow, step.recoveryCode ?? '');
}

/** BAD_USER_INPUT for a kind of proof that the flow does not take where it stands. */
export function requireFitting(flow: Flow, step: Step): void {
  const fitting: readonly string[] =
    flow.status === 'SECOND_FACTOR'
      ? ['totpCode', 'recoveryCode', 'passkeyAssertion']
      : flow.isOpen
        ? ['passkeyAssertion']
        : ['password', 'passkeyAssertion'];
  const kind = methodOf(step);
  if (!fitting.includes(kind))
    throw badInput([{ path: kind, message: `is not what this flow waits for, which is ${fitting.join(' or ')}` }]);
}

/** Which kind of proof a step brings. */
export const methodOf = (step: Step): (typeof kinds)[number] => kinds.find((kind) => step[kind] !== undefined) ?? 'password';
