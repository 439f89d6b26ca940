import type { OperationModel, Selection, Value } from './operation-model.ts';

const mostTries = 3_000;

/** The smallest operation that can be reached by leaving parts out, one at a time, while `fails` holds. */
export async function makeSmallest(model: OperationModel, fails: (model: OperationModel) => Promise<boolean>): Promise<OperationModel> {
  let [current, tries] = [model, 0];
  for (let progress = true; progress;) {
    progress = false;
    for (const candidate of smaller(current)) {
      if (++tries > mostTries) return current;
      if (!(await fails(candidate))) continue;
      current = candidate;
      progress = true;
      break;
    }
  }
  return current;
}

function* smaller({ operation, selections }: OperationModel): Generator<OperationModel> {
  for (const fewer of smallerLists(selections)) if (fewer.length > 0) yield { operation, selections: fewer };
}

/** Whole selections go first, then what stands inside of them. */
function* smallerLists(selections: readonly Selection[]): Generator<readonly Selection[]> {
  for (const [index, selection] of selections.entries()) {
    yield selections.toSpliced(index, 1);
    if (selection.kind === 'fragment') yield selections.toSpliced(index, 1, ...selection.children);
  }
  for (const [index, selection] of selections.entries())
    for (const part of smallerSelections(selection)) yield selections.toSpliced(index, 1, part);
}

function* smallerSelections(selection: Selection): Generator<Selection> {
  for (const index of selection.conditions.keys()) yield { ...selection, conditions: selection.conditions.toSpliced(index, 1) };
  if (selection.kind === 'again') return;
  if (selection.children) for (const children of smallerLists(selection.children)) yield { ...selection, children };
  if (selection.kind === 'fragment') {
    if (selection.named) yield { ...selection, named: false };
    return;
  }
  if (selection.alias) yield { ...selection, alias: undefined };
  for (const [name, value] of Object.entries(selection.args)) {
    const { [name]: _, ...others } = selection.args;
    yield { ...selection, args: others };
    if (value.kind === 'variable') yield { ...selection, args: { ...selection.args, [name]: withoutVariables(value) } };
  }
}

function withoutVariables(value: Value): Value {
  return value.kind === 'variable' ? value.value : value;
}
