import { parse } from 'csv-parse/sync';
import { CsvLines } from './csv';

const csv = new CsvLines(['id', 'total.amount', 'items', 'note']);

it('flattens by fixed columns, whatever a row has', () => {
  expect(csv.header).toBe('id,total.amount,items,note\r\n');
  const rows = [
    { note: 'b', total: { amount: '29.33', currency: 'GBP' }, id: 1, more: 'x' },
    { id: true, total: null, items: [], note: null },
    { total: 'a text', items: [{ sku: 'a', quantity: 2 }] },
  ];
  expect(rows.map((row) => csv.line(row))).toEqual([
    '1,29.33,,b\r\n',
    'true,,[],\r\n',
    ',,"[{""sku"":""a"",""quantity"":2}]",\r\n',
  ]);
});

it('takes no member from what every object has', () => {
  expect(new CsvLines(['constructor', 'a.toString', 'a.length']).line({ a: 'text' })).toBe(',,\r\n');
});

it('quotes as RFC 4180 has it, so that another reader gets the same', () => {
  const notes = ['a,b', 'say "no"', 'one\ntwo\r\nthree', '"', ' blank ', 'ä€😀', ''];
  const text = csv.header + notes.map((note) => csv.line({ id: 'x', note })).join('');
  const read: Record<string, string>[] = parse(text, { columns: true, record_delimiter: '\r\n' });
  expect(read.map(({ note }) => note)).toEqual(notes);
});

it.each([
  '=1+1',
  '=HYPERLINK("http://x","y")',
  '+44 20',
  '@SUM(A1)',
  '-1+cmd|x',
  '\tx',
  '\r=1',
  '+1',
  '--1',
  '-',
])('keeps %j from being a formula', (note) => {
  const [read]: string[][] = parse(csv.line({ note }), { record_delimiter: '\r\n' });
  expect(read?.[3]).toBe(`'${note}`);
});

it.each([
  ['-5.00', '-5.00'],
  [-5, '-5'],
  [0.25, '0.25'],
  ['a=b', 'a=b'],
  ["'t Hooft", "'t Hooft"],
  [' =1', ' =1'],
])('leaves %j as it is', (note, cell) => {
  expect(csv.line({ note })).toBe(`,,,${cell}\r\n`);
});
