/** Objects within objects, as the API has it. */
const MAX_NESTING = 16;

/**
 * The values of a JSON object under dotted names: `customer.email`, `items.0.sku`. A list of objects or texts is there
 * item by item; null is empty. A string says why it is none.
 */
export function flattenJson(text: string): ReadonlyMap<string, string> | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not a JSON object';
  const values = new Map<string, string>();
  return flatten(value, '', values, 1) ?? values;
}

function flatten(
  object: object,
  prefix: string,
  values: Map<string, string>,
  depth: number,
): string | undefined {
  if (depth > MAX_NESTING) return `nested more than ${MAX_NESTING} deep`;
  const members: [string, unknown][] = Object.entries(object);
  for (const [name, value] of members) {
    const path = prefix + name;
    if (value === null) continue;
    if (typeof value === 'object') {
      const fault = flatten(value, `${path}.`, values, depth + 1);
      if (fault !== undefined) return fault;
    } else if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
      // It was rounded when it was parsed: a number that is not the one in the file.
      return `${path} is too large for a number, write it as a text`;
    } else {
      values.set(path, typeof value === 'string' ? value : JSON.stringify(value));
    }
  }
  return undefined;
}
