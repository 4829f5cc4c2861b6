/**
 * The expressions between braces of a mapping, as a tree.
 *
 *   sum := ['-'] term (('+' | '-') term)*        term := factor ('*' factor)*
 *   factor := number | 'text' | "text" | column | `column` | function '(' [sum (',' sum)*] ')' | '(' sum ')' | '-' factor
 *
 * A bare column name may hold blanks and most signs (`Sub-issue`, `Timely response?`); a minus is one only at the
 * beginning or between blanks. Any other name stands between backquotes.
 */
export type Expression =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'column'; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'negate'; readonly of: Expression }
  | {
      readonly kind: 'arithmetic';
      readonly sign: '+' | '-' | '*';
      readonly left: Expression;
      readonly right: Expression;
    };

/** What is wrong with a mapping, without its path: whoever knows that adds it. */
export class MappingFault extends Error {
  override readonly name = 'MappingFault';
}

/** Parentheses within parentheses; a mapping is written by hand. */
const MAX_DEPTH = 50;

const NUMBER = /^\d+(\.\d+)?$/;
const SIGNS = '()+-*,';
const NAME_ENDS = '()*+,`\'"{}<>=|\n';

interface Token {
  readonly kind: 'sign' | 'text' | 'quoted' | 'name' | 'end';
  readonly text: string;
}
const END: Token = { kind: 'end', text: '' };

export function parseExpression(source: string): Expression {
  const parser = new Parser(tokenize(source), source);
  return parser.whole();
}

function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < source.length) {
    const char = source.charAt(at);
    if (/\s/.test(char)) {
      at += 1;
    } else if (SIGNS.includes(char)) {
      tokens.push({ kind: 'sign', text: char });
      at += 1;
    } else if ('\'"`'.includes(char)) {
      const end = source.indexOf(char, at + 1);
      if (end < 0) throw new MappingFault(`"${source}": the ${char} is not closed`);
      tokens.push({ kind: char === '`' ? 'quoted' : 'text', text: source.slice(at + 1, end) });
      at = end + 1;
    } else {
      const end = nameEnd(source, at);
      if (end === at) throw new MappingFault(`"${source}": unexpected "${char}"`);
      tokens.push({ kind: 'name', text: source.slice(at, end).trim() });
      at = end;
    }
  }
  return tokens;
}

function nameEnd(source: string, from: number): number {
  let at = from;
  while (at < source.length && !NAME_ENDS.includes(source.charAt(at))) {
    if (/^\s+-\s/.test(source.slice(at))) break;
    at += 1;
  }
  return at;
}

class Parser {
  private at = 0;
  private depth = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly source: string,
  ) {}

  whole(): Expression {
    const expression = this.sum();
    if (this.peek().kind !== 'end') throw this.unexpected();
    return expression;
  }

  private sum(): Expression {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw new MappingFault('an expression is nested too deeply');
    let left = this.term();
    for (let sign = this.sign(); sign === '+' || sign === '-'; sign = this.sign()) {
      this.at += 1;
      left = { kind: 'arithmetic', sign, left, right: this.term() };
    }
    this.depth -= 1;
    return left;
  }

  private term(): Expression {
    let left = this.factor();
    while (this.takeSign('*')) left = { kind: 'arithmetic', sign: '*', left, right: this.factor() };
    return left;
  }

  private factor(): Expression {
    // A loop and not recursion: a row of ten thousand minus signs is no reason to run out of stack.
    let negative = false;
    while (this.takeSign('-')) negative = !negative;
    const value = this.value();
    return negative ? { kind: 'negate', of: value } : value;
  }

  private value(): Expression {
    const token = this.peek();
    if (this.takeSign('(')) {
      const inner = this.sum();
      this.expectSign(')');
      return inner;
    }
    if (token.kind === 'end' || token.kind === 'sign') throw this.unexpected();
    this.at += 1;
    if (token.kind === 'text') return { kind: 'text', text: token.text };
    if (token.kind === 'quoted') return { kind: 'column', name: token.text };
    if (this.takeSign('(')) return { kind: 'call', name: token.text, args: this.args() };
    return NUMBER.test(token.text)
      ? { kind: 'number', text: token.text }
      : { kind: 'column', name: token.text };
  }

  private args(): readonly Expression[] {
    const args: Expression[] = [];
    if (this.takeSign(')')) return args;
    do args.push(this.sum());
    while (this.takeSign(','));
    this.expectSign(')');
    return args;
  }

  private peek(): Token {
    return this.tokens[this.at] ?? END;
  }

  private sign(): string | undefined {
    const token = this.peek();
    return token.kind === 'sign' ? token.text : undefined;
  }

  private takeSign(sign: string): boolean {
    if (this.sign() !== sign) return false;
    this.at += 1;
    return true;
  }

  private expectSign(sign: string): void {
    if (!this.takeSign(sign)) throw this.unexpected(`, "${sign}" is missing`);
  }

  private unexpected(more = ''): MappingFault {
    const token = this.peek();
    const where = token.kind === 'end' ? 'ends too early' : `has an unexpected "${token.text}"`;
    return new MappingFault(
      `the expression "${this.source}" ${where}${more} (a column with other than letters, digits, blanks, _ - . / ? in its name stands between backquotes)`,
    );
  }
}
