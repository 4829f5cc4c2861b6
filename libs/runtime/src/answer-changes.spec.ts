import { Causes, differences, NAMED_CAUSES, pointerOf } from './answer-changes';
import type { Cause } from './answer-changes';

const cause = (revision: number): Cause => ({ revision, eventId: `e${revision}` });
const told = (was: Parameters<typeof differences>[0], now: typeof was) =>
  differences(was, now).map(({ path, ...values }) => ({ pointer: pointerOf(path), ...values }));

describe('differences', () => {
  it('are told as deep as they can be', () => {
    const was = { same: { a: 1 }, deep: { a: [{ b: 1 }, 2] }, gone: 1, list: [1], kind: { a: 1 }, '': 0 };
    const now = {
      same: { a: 1 },
      deep: { a: [{ b: 3 }, 2] },
      list: [1, 2],
      kind: null,
      came: { x: 1 },
      '': 1,
    };
    expect(told(was, now)).toEqual([
      { pointer: '/deep/a/0/b', was: 1, now: 3 },
      { pointer: '/gone', was: 1, now: undefined },
      { pointer: '/list', was: [1], now: [1, 2] },
      { pointer: '/kind', was: { a: 1 }, now: null },
      { pointer: '/', was: 0, now: 1 },
      { pointer: '/came', was: undefined, now: { x: 1 } },
    ]);
  });

  it('are named by escaped pointers, whatever members are called', () => {
    const was = JSON.parse('{"a/b~c": 1, "__proto__": 1}');
    expect(told(was, {})).toEqual([
      { pointer: '/a~1b~0c', was: 1, now: undefined },
      { pointer: '/__proto__', was: 1, now: undefined },
    ]);
    expect(told({}, { constructor: 1 })).toEqual([{ pointer: '/constructor', was: undefined, now: 1 }]);
  });

  it('leave out what is to be ignored, and all below it', () => {
    const ignore = (path: readonly string[]): boolean => path[0] === 'a';
    expect(differences({ a: { b: 1 }, c: 1 }, { a: { b: 2 }, c: 2 }, ignore)).toEqual([
      { path: ['c'], was: 1, now: 2 },
    ]);
  });
});

describe('causes', () => {
  it('are the events that changed a value, something in it, or the whole that it is part of', () => {
    const causes = new Causes();
    causes.note(['sum'], cause(1));
    causes.note(['sum', 'amount'], cause(2));
    causes.note(['sum', 'currency'], cause(3));
    causes.note(['other'], cause(4));
    causes.note(['sum'], cause(5));
    const of = (...path: string[]): string =>
      causes
        .of(path)
        .latest.map(({ eventId }) => eventId)
        .join(' ');
    expect(of('sum')).toBe('e1 e2 e3 e5');
    expect(of('sum', 'amount')).toBe('e1 e2 e5');
    expect(of('sum', 'never')).toBe('e1 e5');
    expect(of('nothing')).toBe('');
    expect(causes.of(['sum', 'amount']).count).toBe(3);
  });

  it('count an event once, and name the latest', () => {
    const causes = new Causes();
    for (let revision = 0; revision < 2 * NAMED_CAUSES; revision++) {
      const one = cause(revision);
      causes.note(['a', 'b'], one);
      causes.note(['a', 'c'], one);
    }
    const { latest, count } = causes.of(['a']);
    expect(count).toBe(2 * NAMED_CAUSES);
    expect(latest.map(({ revision }) => revision)).toEqual(
      Array.from({ length: NAMED_CAUSES }, (_, i) => NAMED_CAUSES + i),
    );
  });
});
