/** Values that one `$in` names at most. */
const CHUNK = 1_000;

/** Asks for the values a thousand at a time, one question after the other, and puts the answers together. */
export async function inChunks<Value, Answer>(
  values: readonly Value[],
  ask: (some: Value[]) => Promise<readonly Answer[]>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let start = 0; start < values.length; start += CHUNK) {
    for (const answer of await ask(values.slice(start, start + CHUNK))) answers.push(answer);
  }
  return answers;
}
