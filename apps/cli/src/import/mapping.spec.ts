import { parseMapping } from './mapping';
import type { InputSettings } from './input-settings';
import { DEFAULT_INPUT } from './input-settings';
import { TableRow } from './row';
import { createConverter } from './rows-to-commands';
import type { Converted } from './rows-to-commands';

type Cells = Readonly<Record<string, string>>;

const settings: InputSettings = DEFAULT_INPUT;

/** What a mapping makes of rows. */
function map(text: string, rows: readonly Cells[]): readonly Converted[] {
  const converter = createConverter(parseMapping({ text, origin: 'm.yaml' }));
  const converted = rows.map((cells, index) => {
    const names = Object.keys(cells);
    const place = { file: 'dir/in.csv', line: index + 2, row: index + 1 };
    const indexOf = new Map(names.map((name, at) => [name, at]));
    return converter.add(new TableRow(place, Object.values(cells), indexOf, settings));
  });
  return [...converted.filter((item) => item !== undefined), ...converter.finish()];
}

function bodies(text: string, rows: readonly Cells[]): readonly unknown[] {
  return map(text, rows).map((item) => {
    if (item.kind === 'line') {
      const body: unknown = JSON.parse(item.text);
      return body;
    }
    return item.kind === 'reject' ? item.reason : item.kind;
  });
}

/** What a value of a text field becomes. */
function value(template: string, cells: Cells, more = ''): unknown {
  const quoted = JSON.stringify(template);
  const [body] = bodies(
    `${more}\ncommand: feedback\nfields: {customer: {id: c}, type: praise, content: ${quoted}}`,
    [cells],
  );
  return typeof body === 'object' && body !== null && 'content' in body ? body.content : body;
}

function refusal(text: string): string {
  try {
    parseMapping({ text, origin: 'm.yaml' });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'accepted';
}

describe('templates', () => {
  const cells = { Issue: 'Fees', 'Sub-issue': 'Late', None: '', 'Amount (USD)': '3' };

  it.each([
    ['{Issue}: {Sub-issue}', 'Fees: Late'],
    ['{Issue}: {None}', 'Fees'],
    ['{None}: {Issue}', 'Fees'],
    ['{Issue}, {None}, {Sub-issue}', 'Fees, Late'],
    ['Refund of {Issue} ({None})', 'Refund of Fees'],
    ['Refund of {Issue} ({Sub-issue})', 'Refund of Fees (Late)'],
    ['{{{Issue}}}', '{Fees}'],
    ['{`Amount (USD)`}', '3'],
    ['row {row()} of {file()}', 'row 1 of in.csv'],
    ['just a text', 'just a text'],
  ])('%s is %s', (template, expected) => expect(value(template, cells)).toBe(expected));

  it('is empty where every column is', () => {
    expect(value('{None} ({None})', cells)).toBe('no content: None, None is empty');
  });

  it('is empty as a whole where it makes a key', () => {
    const text = `
command: purchase
fields:
  customer: { identifiers: [{ type: crm, value: '{Shop}/{Card}' }] }
  orderId: o
  total: { amount: 1, currency: JPY }`;
    expect(bodies(text, [{ Shop: 's', Card: '' }])).toEqual(['no customer: Shop, Card is empty']);
    expect(bodies(text, [{ Shop: 's', Card: 'c' }])).toMatchObject([
      { customer: { identifiers: [{ type: 'crm', value: 's/c' }] }, total: { amount: '1', currency: 'JPY' } },
    ]);
  });
});

describe('functions', () => {
  const cells = {
    id: '17850.0',
    price: '$1,234.50',
    name: 'Étienne Müller',
    when: '3/4/2021 5:06',
    none: '',
    n: '-2.345',
  };

  it.each([
    ['{int(id)}', '17850'],
    ['{decimal(price)}', '1234.50'],
    ['{round(n, 2)}', '-2.35'],
    ['{abs(n)}', '2.345'],
    ['{n * 2 + 1}', '-3.690'],
    ['{1 - n}', '3.345'],
    ['{-(n + 1)}', '1.345'],
    ['{n * none}x', 'no content: n * none is empty'],
    ['{code(name)}', 'etienne-muller'],
    ['{upper(name)}', 'ÉTIENNE MÜLLER'],
    ["{replace(id, '\\.0$', '')}", '17850'],
    ["{replace(price, '[^0-9]{1,}', '')}", '123450'],
    ['{default(none, name)}', 'Étienne Müller'],
    ["{date(when, 'M/d/yyyy H:mm', 'America/New_York')}", '2021-03-04T10:06:00.000Z'],
    ['{int(price)}', 'content: price "$1,234.50" is not a plain number (decimal() reads $1,234.50)'],
    ['{int(n)}', 'content: n "-2.345" is not a whole number'],
    ['{date(when)}', 'content: when "3/4/2021 5:06" is not a date of the form iso'],
  ])('%s is %s', (template, expected) => expect(value(template, cells)).toBe(expected));

  it('translates by tables', () => {
    const tables = 'tables: {t: {A: alpha, "": nothing}, u: {A: alpha, "*": other}}';
    expect(value("{lookup(x, 't')}", { x: 'A' }, tables)).toBe('alpha');
    expect(value("{lookup(x, 't')}", { x: '' }, tables)).toBe('nothing');
    expect(value("{lookup(x, 't')}", { x: 'B' }, tables)).toBe('content: x "B" is not in the table t');
    expect(value("{lookup(x, 'u')}", { x: 'B' }, tables)).toBe('other');
    expect(value("{lookup(x, 'u')}!", { x: '' }, tables)).toMatch(/^no content/);
  });
});

describe('rules', () => {
  const rule = (when: string): string => `
command: feedback
fields: { customer: { id: c }, type: praise, content: yes }
rules:
  - when: ${when}
    skip: true
  - when: { Kind: bad }
    reject: 'kind {Kind} is bad'
  - {}`;
  const outcome = (when: string, cells: Cells): unknown => {
    const [first] = bodies(rule(when), [cells]);
    return typeof first === 'object' ? 'command' : first;
  };

  it('takes the first that matches', () => {
    expect(outcome('{ Kind: bad }', { Kind: 'bad' })).toBe('skip');
    expect(outcome('{ Kind: good }', { Kind: 'bad' })).toBe('kind bad is bad');
    expect(outcome('{ Kind: good }', { Kind: 'other' })).toBe('command');
  });

  it.each([
    ['{ Kind: [a, b] }', 'skip'],
    ['{ Kind: { is: c } }', 'command'],
    ['{ Kind: { startsWith: b }, Size: { lt: 10 } }', 'skip'],
    ['{ Kind: { startsWith: b }, Size: { lt: 9 } }', 'command'],
    ['[{ Kind: x }, { Size: { gte: 9.0 } }]', 'skip'],
    ['{ not: { Kind: b } }', 'command'],
    ['{ None: { empty: true } }', 'skip'],
    ['{ None: { lt: 5 } }', 'command'],
    ['{ Kind: { matches: "^[a-c]$" } }', 'skip'],
    ['{ Kind: { contains: [x, b] } }', 'skip'],
    ['{ upper(Kind): B }', 'skip'],
    ['{ Size * 2: { gt: 17, lte: 18 } }', 'skip'],
    ['{ Kind: { lt: 5 } }', 'Kind "b" is not a plain number (decimal() reads $1,234.50)'],
  ])('%s: %s', (when, expected) => expect(outcome(when, { Kind: 'b', Size: '9', None: '' })).toBe(expected));

  it('rejects what no rule matches', () => {
    const text =
      'rules: [{when: {a: b}, command: feedback, fields: {customer: {id: c}, type: praise, content: x}}]';
    expect(bodies(text, [{ a: 'c' }])).toEqual(['no rule matches']);
  });
});

describe('groupBy', () => {
  const text = `
groupBy: [shop, order]
rows:
  - when: { sku: POST }
    skip: true
rules:
  - when: { sum(qty * price): { lt: 0 } }
    command: refund
    fields: { amount: { amount: '{-sum(qty * price)}', currency: EUR } }
  - command: purchase
    fields:
      total: { amount: '{sum(qty * price)}', currency: EUR }
      items: [{ sku: '{sku}', quantity: '{qty}' }]
fields:
  customer: { identifiers: [{ type: crm, value: '{who}' }, { type: email, value: '{lower(mail)}' }] }
  orderId: '{shop}-{order}'
  source: { system: shop, id: '{shop}-{order}' }`;
  const row = (shop: string, order: string, sku: string, qty: string, price: string): Cells => ({
    shop,
    order,
    sku,
    qty,
    price,
    who: `w${qty}`,
    mail: 'A@B.C',
  });

  it('makes one command of rows that need not stand together, exactly', () => {
    const result = map(text, [
      row('s', '1', 'a', '3', '0.1'),
      row('t', '1', 'a', '-1', '5'),
      row('s', '1', 'b', '1', '0.2'),
      row('s', '1', 'POST', '1', '9'),
    ]);
    expect(result.map(({ kind, rows }) => [kind, rows])).toEqual([
      ['skip', 1],
      ['line', 2],
      ['line', 1],
    ]);
    expect(result.flatMap((item) => (item.kind === 'line' ? [JSON.parse(item.text)] : []))).toEqual([
      {
        command: 'purchase',
        customer: {
          identifiers: [
            { type: 'crm', value: 'w3' },
            { type: 'email', value: 'a@b.c' },
          ],
        },
        orderId: 's-1',
        total: { amount: '0.50', currency: 'EUR' },
        items: [
          { sku: 'a', quantity: 3 },
          { sku: 'b', quantity: 1 },
        ],
        source: { system: 'shop', id: 's-1' },
      },
      expect.objectContaining({ command: 'refund', amount: { amount: '5.00', currency: 'EUR' } }),
    ]);
  });

  it('rejects a group whose sum leaves out a row, and names that row', () => {
    expect(bodies(text, [row('s', '1', 'a', '3', '0.1'), row('s', '1', 'b', '1', '')])).toEqual([
      'line 3: qty * price is empty (default(…, 0) makes it 0)',
    ]);
    expect(bodies(text, [row('', '1', 'a', '3', '0.1')])).toEqual(['groupBy: shop is empty']);
  });

  it('counts, and finds the least and the greatest', () => {
    const more = `
groupBy: k
command: touchpoint
fields:
  customer: { id: c }
  channel: web
  direction: inbound
  durationSeconds: '{max(d)}'
  attributes: { rows: '{count()}', least: '{min(d)}', first: '{int(d)}', label: 'n {count()}' }`;
    expect(
      bodies(more, [
        { k: 'a', d: '10' },
        { k: 'a', d: '9.0' },
      ]),
    ).toMatchObject([
      { durationSeconds: 10, attributes: { rows: 2, least: '9.0', first: 10, label: 'n 2' } },
    ]);
  });
});

describe('a mapping that is wrong', () => {
  const fields = (more: string): string =>
    `command: feedback\nfields: {customer: {id: c}, type: praise, ${more}}`;

  it.each([
    [
      'rule: []',
      'm.yaml: unknown key "rule" (known: input, dates, tables, groupBy, rows, command, fields, rules)',
    ],
    [fields('content: "{summ(x)}"'), 'm.yaml: fields.content: unknown function "summ"'],
    [fields('content: "{a"'), 'm.yaml: fields.content: "{a": a { without its } (write {{ for a brace)'],
    [fields('content: {Issue}'), 'm.yaml: fields.content: put quotes around it: "{Issue}"'],
    [fields('content: "{sum(x)}"'), 'm.yaml: fields.content: sum() needs groupBy'],
    [fields('content: x, channel: phone'), 'm.yaml: fields.channel: "phone" is none of email, sms'],
    [
      fields('content: x, subject: y'),
      'm.yaml: fields.subject: a feedback has no field "subject" (it has: customer',
    ],
    [fields('rating: 5'), 'm.yaml: fields: a feedback needs the field "content"'],
    [
      fields('content: "{lookup(x, \'t\')}"'),
      'm.yaml: fields.content: lookup(): there is no table "t" under tables',
    ],
    [fields('content: "{round(x)} {int()}"'), 'm.yaml: fields.content: usage: int(x)'],
    ['dates: {format: yyyy-MM-DD}', 'm.yaml: dates.format: date format "yyyy-MM-DD": "DD" is no part'],
    ['dates: {timeZone: Mars}', 'm.yaml: dates.timeZone: is no time zone'],
    ['input: {columns: [a, a]}', 'm.yaml: input.columns: names "a" twice'],
    ['input: {header: false}', 'm.yaml: input: without a header row, columns must name the columns'],
    ['groupBy: "{a}"', 'm.yaml: groupBy: names columns without braces'],
    ['rules: [{when: {a: {like: x}}, skip: true}]', 'm.yaml: rules[0].when.a: unknown key "like"'],
    ['rules: [{skip: true, command: feedback}]', 'm.yaml: rules[0]: has both skip and command'],
    ['rules: [{command: fedback}]', 'm.yaml: rules[0].command: unknown command "fedback"'],
    ['rules: [{}]', 'm.yaml: rules[0]: needs a command'],
    ['a: 1\na: 2', 'm.yaml: line 2: Map keys must be unique'],
  ])('%s', (text, message) => {
    const said = refusal(text);
    expect(said.startsWith(message) ? message : said).toBe(message);
    expect(said).not.toContain('\n');
  });

  it('keeps constants as they are written', () => {
    const [body] = bodies(fields('content: 007'), [{}]);
    expect(body).toMatchObject({ content: '007' });
  });
});
