/**
 * A generator whose `return` first calls `end`, so that what it reads from ends at once: a generator that has not begun
 * runs no `finally`, and one that waits does not hear of `return` before the next value.
 */
export function endingWith<Value>(generator: AsyncGenerator<Value, void>, end: () => unknown): AsyncGenerator<Value, void> {
  const finish = generator.return.bind(generator);
  generator.return = async (value) => {
    await end();
    return finish(value);
  };
  return generator;
}
