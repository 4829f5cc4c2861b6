/**
 * Items of many sources, one source after another, while the first item (a page, that is) of the next few is asked for
 * already: a request a customer would else wait for the one before.
 */
export async function* readAhead<Item>(
  sources: AsyncIterable<AsyncGenerator<Item>>,
  ahead: number,
): AsyncGenerator<Item> {
  const begun: Begun<Item>[] = [];
  for await (const rest of sources) {
    const first = rest.next();
    // A fault is told when its turn comes, which is too late for Node.
    first.catch(() => undefined);
    begun.push({ first, rest });
    const next = begun.length > ahead ? begun.shift() : undefined;
    if (next !== undefined) yield* itemsOf(next);
  }
  for (const next of begun) yield* itemsOf(next);
}

interface Begun<Item> {
  readonly first: Promise<IteratorResult<Item>>;
  readonly rest: AsyncGenerator<Item>;
}

async function* itemsOf<Item>({ first, rest }: Begun<Item>): AsyncGenerator<Item> {
  const { done, value } = await first;
  if (done === true) return;
  yield value;
  yield* rest;
}
