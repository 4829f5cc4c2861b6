import { EventFormatError } from './define-event';
import { segmentModelFitted } from './segment';

const cells = Array.from({ length: 125 }, (_, i) =>
  [Math.floor(i / 25), Math.floor(i / 5) % 5, i % 5].map((digit) => digit + 1).join(''),
);
const table = Object.fromEntries(cells.map((cell) => [cell, 'loyal']));
const edges = {
  recency: [0, 1, 1, 9],
  frequency: [1, 1, 2, 3],
  monetary: ['-1.5', '0', '0', '9'.repeat(30)],
};
const fitted = {
  modelId: '01890a5d-ac96-774b-bcce-b302099a8060',
  kind: 'rfm',
  asOf: '2026-01-01T00:00:00.000Z',
  currency: 'EUR',
  edges,
  table,
  through: 0,
  population: 1,
};
const { '555': _cell, ...short } = table;

it('takes a whole model', () => {
  expect(segmentModelFitted.parse(fitted)).toEqual({ type: 'segment-model-fitted.v1', data: fitted });
});

it.each([
  ['edges', { ...edges, recency: [0, 1, 2] }],
  ['edges', { ...edges, recency: [0, 1, 2, 3, 4] }],
  ['edges', { ...edges, frequency: [1, 1, 2, 2.5] }],
  ['edges', { ...edges, frequency: [-1, 1, 2, 3] }],
  ['edges', { ...edges, monetary: [1, 2, 3, 4] }],
  ['edges', { ...edges, monetary: ['1', '2', '3', '1e3'] }],
  ['edges', { ...edges, monetary: ['1', '2', '3', '1.0000001'] }],
  ['edges', { ...edges, more: [1, 2, 3, 4] }],
  ['edges', { recency: edges.recency, frequency: edges.frequency }],
  ['table', short],
  ['table', { ...table, '556': 'loyal' }],
  ['table', { ...short, '666': 'loyal' }],
  ['table', { ...table, '555': 'No code' }],
  ['table', Object.entries(table)],
  ['currency', 'eur'],
  ['kind', 'kmeans'],
  ['population', 0],
  ['through', -1],
])('refuses malformed %s', (name, value) => {
  const parse = (): unknown => segmentModelFitted.parse({ ...fitted, [name]: value });
  expect(parse).toThrow(EventFormatError);
  expect(parse).toThrow(`malformed field ${name}`);
});
