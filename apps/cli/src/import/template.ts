import { Problem } from './evaluation';
import type { Evaluate, Scope, Value } from './evaluation';
import { compileExpression } from './expression';
import type { CompileOptions } from './expression';
import { MappingFault, parseExpression } from './expression-parser';
import type { Expression } from './expression-parser';

/** A constant's text, or a placeholder with the text that stands before it. */
interface Piece {
  readonly before: string;
  readonly evaluate: Evaluate;
}

export interface Template {
  readonly evaluate: Evaluate;
  /** The text, where there is no placeholder. */
  readonly constant: string | undefined;
  /** Name of the function, where the whole template is one call. */
  readonly call: string | undefined;
  /** The source of its placeholders, for messages. */
  readonly label: string;
}

/**
 * `text {expression} text`. `{{` and `}}` are braces. With `whole`, a template with an empty placeholder is empty: half
 * a key would be another key. Otherwise an empty placeholder goes together with the text before it.
 */
export function compileTemplate(
  source: string,
  options: CompileOptions & { readonly whole: boolean },
): Template {
  const { texts, expressions, labels } = split(source);
  const last = texts.at(-1) ?? '';
  if (expressions.length === 0) {
    return { evaluate: () => last, constant: last, call: undefined, label: source };
  }
  const pieces = expressions.map((expression, index): Piece => ({
    before: texts[index] ?? '',
    evaluate: compileExpression(expression, options),
  }));
  const [only] = expressions;
  const [first] = pieces;
  const single = pieces.length === 1 && first !== undefined && first.before === '' && last === '';
  return {
    evaluate: single ? first.evaluate : (scope) => join(pieces, last, options.whole, scope),
    constant: undefined,
    call: single && only?.kind === 'call' ? only.name : undefined,
    label: labels.join(', '),
  };
}

function join(pieces: readonly Piece[], after: string, whole: boolean, scope: Scope): Value {
  let text = '';
  let lastIsEmpty = false;
  for (const [index, piece] of pieces.entries()) {
    const value = piece.evaluate(scope);
    if (value instanceof Problem) return value;
    lastIsEmpty = value === '';
    if (lastIsEmpty && whole) return '';
    if (lastIsEmpty) continue;
    // What stands between two placeholders separates them: it needs something on both sides.
    text += (index > 0 && text === '' ? '' : piece.before) + value;
  }
  return lastIsEmpty ? text : text + after;
}

interface Split {
  readonly texts: readonly string[];
  readonly expressions: readonly Expression[];
  readonly labels: readonly string[];
}

/** One text more than expressions. */
function split(source: string): Split {
  const texts: string[] = [];
  const expressions: Expression[] = [];
  const labels: string[] = [];
  let text = '';
  for (let at = 0; at < source.length; at += 1) {
    const char = source.charAt(at);
    if ((char === '{' || char === '}') && source.charAt(at + 1) === char) {
      text += char;
      at += 1;
    } else if (char === '{') {
      const end = closing(source, at + 1);
      const inner = source.slice(at + 1, end);
      expressions.push(parseExpression(inner));
      labels.push(inner.trim());
      texts.push(text);
      text = '';
      at = end;
    } else if (char === '}') {
      throw new MappingFault(`"${source}": a } without its { (write }} for a brace)`);
    } else {
      text += char;
    }
  }
  texts.push(text);
  return { texts, expressions, labels };
}

/** A brace within quotes is part of the expression: replace(x, '\d{2}', ''). */
function closing(source: string, from: number): number {
  let quote = '';
  for (let at = from; at < source.length; at += 1) {
    const char = source.charAt(at);
    if (quote !== '') quote = char === quote ? '' : quote;
    else if ('\'"`'.includes(char)) quote = char;
    else if (char === '}') return at;
    else if (char === '{') break;
  }
  throw new MappingFault(`"${source}": a { without its } (write {{ for a brace)`);
}
