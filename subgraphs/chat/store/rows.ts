import type { changeLog, conversations, messages, messageVersions, participants, people, reactions } from '@supergraph/db/chat/tables';
import { requireActiveOrganization } from '@supergraph/platform/access';
import type { ChosenOrganization } from '@supergraph/platform/context';
import { type Db, inTenant } from '@supergraph/platform/database';

export type Conversation = typeof conversations.$inferSelect;
export type Participant = typeof participants.$inferSelect;
export type Message = typeof messages.$inferSelect;
export type MessageVersion = typeof messageVersions.$inferSelect;
export type Reaction = typeof reactions.$inferSelect;
export type LoggedChange = typeof changeLog.$inferSelect;
export type Person = typeof people.$inferSelect;
export type ChangeKind = LoggedChange['kind'];
export type Role = Participant['role'];

interface Scope {
  readonly db: Db;
  readonly organization: ChosenOrganization | null;
  readonly viewer: { readonly userId: string } | null;
}

/** Reads what the chosen space shows: its organization's rows and those of none. */
export const reading = <Result>(scope: Scope, work: (db: Db) => Promise<Result>): Promise<Result> =>
  scope.organization ? inTenant(scope, work) : work(scope.db);

/** A transaction in the chosen space; FORBIDDEN where that is an inactive organization's. */
export async function writing<Result>(scope: Scope, work: (tx: Db) => Promise<Result>): Promise<Result> {
  requireActiveOrganization(scope);
  return scope.organization ? inTenant(scope, work) : scope.db.transaction((tx) => work(tx));
}

/** The one row that a statement gives back. */
export function only<Row>([row]: readonly Row[]): Row {
  if (!row) throw new Error('the statement gave no row back');
  return row;
}
