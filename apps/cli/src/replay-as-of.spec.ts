import { describeDiff, describeState, diffQuery, stateQuery } from './replay-as-of';

it('asks for a revision or an instant', () => {
  expect(stateQuery({ at: '12' })).toBe('at=12');
  expect(stateQuery({ at: '2026-01-31T00:00:00+01:00', axis: 'occurred', model: 'm' })).toBe(
    'at=2026-01-31T00%3A00%3A00%2B01%3A00&axis=occurred&model=m',
  );
  expect(diffQuery('0..12')).toBe('from=0&to=12');
});

it.each([
  ['yesterday', undefined, 'is neither a revision nor an instant'],
  ['2026-02-30T00:00:00Z', undefined, 'is neither a revision nor an instant'],
  ['\u001b[31m', undefined, '“[31m” is neither'],
  ['12', 'occurred', '--axis occurred needs an instant'],
  ['12', 'both', 'the axis is one of recorded, occurred'],
])('refuses a state at %j on axis %s', (at, axis, message) => {
  expect(() => stateQuery({ at, ...(axis === undefined ? {} : { axis }) })).toThrow(message);
});

it.each([
  ['12', '--diff needs <from>..<to>'],
  ['1..2..3', '--diff needs <from>..<to>'],
  ['1..2026-01-31T00:00:00Z', 'from a revision to a revision'],
  ['..', 'is neither a revision nor an instant'],
])('refuses a diff of %j', (range, message) => {
  expect(() => diffQuery(range)).toThrow(message);
});

it('shows a state by pointers, without the evidence and without what a terminal would obey', () => {
  const state = {
    customerId: 'c',
    at: '12',
    revision: 12,
    model: null,
    profile: { name: 'Zoe\u001b[31m', attributes: { 'a/b~c': 1 }, identifiers: [] },
    loyalty: {
      score: 41.2,
      components: { needsMet: { value: 0.5, filled: 'neutral', from: ['e'], fromCount: 1 } },
    },
  };
  expect(describeState(state)).toBe(
    [
      'customer c at 12, revision 12, model none',
      '  /profile/name                           Zoe [31m',
      '  /profile/attributes/a~1b~0c             1',
      '  /profile/identifiers                    []',
      '  /loyalty/score                          41.2',
      '  /loyalty/components/needsMet/value      0.5',
      '  /loyalty/components/needsMet/filled     neutral',
      '  /loyalty/components/needsMet/fromCount  1',
      '',
    ].join('\n'),
  );
});

it('shows changes with their latest causes', () => {
  const changes = [
    { pointer: '/loyalty/score', was: 10, now: 12.5, because: ['a', 'b', 'c', 'd'], becauseCount: 104 },
    { pointer: '/profile/name', now: 'Zoe', because: ['e'] },
    { pointer: '/model', was: 'm', now: 'n', because: [] },
  ];
  expect(describeDiff({ from: '1', to: '9', changes })).toBe(
    [
      'from 1 to 9: 3 changes',
      '  /loyalty/score  10 → 12.5  because b c d and 101 before',
      '  /profile/name  – → Zoe  because e',
      '  /model  m → n',
      '',
    ].join('\n'),
  );
  expect(describeDiff({ from: 1, to: 2, changes: [] })).toBe('from 1 to 2: nothing changed\n');
});
