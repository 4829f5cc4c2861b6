import { definitionOf } from './catalogue';
import { upcastWith } from './upcast';
import type { Upcaster } from './upcast';

/** As if an annotation had once been a `note` with an author, and before that a bare text under `t`. */
const upcasters: readonly Upcaster[] = [
  {
    from: 'touchpoint-annotated.v0',
    to: 'touchpoint-annotated.v1',
    upcast: ({ note, author: _author, ...rest }) => ({ ...rest, text: note }),
  },
  {
    from: 'touchpoint-noted.v0',
    to: 'touchpoint-annotated.v0',
    upcast: ({ t, ...rest }) => ({ ...rest, note: t }),
  },
];
const touchpointId = '01890a5d-ac96-774b-bcce-b302099a8059';
const today = { type: 'touchpoint-annotated.v1', data: { touchpointId, text: 'hello' } };

const read = (type: string, data: unknown): unknown => {
  const current = upcastWith(upcasters, type, data);
  return definitionOf(current.type).parseSeen(current.data);
};

it('reads an old version as today’s', () => {
  expect(read('touchpoint-annotated.v0', { touchpointId, note: 'hello', author: 'ann' })).toEqual(today);
});

it('goes through every version between', () => {
  expect(read('touchpoint-noted.v0', { touchpointId, t: 'hello' })).toEqual(today);
});

it('reads an old version whose sealed fields are gone', () => {
  expect(read('touchpoint-annotated.v0', { touchpointId })).toEqual({ ...today, data: { touchpointId } });
});

it('leaves today’s version and what was stored alone', () => {
  const stored = Object.freeze({ touchpointId, note: 'hello' });
  read('touchpoint-annotated.v0', stored);
  expect(stored).toEqual({ touchpointId, note: 'hello' });
  expect(upcastWith(upcasters, today.type, today.data).data).toBe(today.data);
});

it('does not hide what is malformed', () => {
  expect(() => read('touchpoint-annotated.v0', { touchpointId: 'x', note: 'hello' })).toThrow('touchpointId');
  expect(() => read('touchpoint-annotated.v0', 'text')).toThrow('unknown event type touchpoint-annotated.v0');
});
