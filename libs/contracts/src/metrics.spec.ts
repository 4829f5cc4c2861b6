import { checkQuery } from './check';
import { ContactsQuery, SatisfactionQuery } from './metrics';

describe('a range of metrics', () => {
  it('is of UTC days, given as such or as the instants at which they begin', () => {
    for (const from of [
      '2026-02-01',
      '2026-02-01T00:00:00Z',
      '2026-02-01T00:00:00.000Z',
      '2026-02-01T01:00:00+01:00',
      '2026-01-31T19:00:00-05:00',
    ]) {
      expect(checkQuery(ContactsQuery, { from })).toEqual({
        ok: true,
        value: { from: '2026-02-01', by: [] },
      });
    }
    expect(checkQuery(SatisfactionQuery, { to: '2024-02-29' })).toEqual({
      ok: true,
      value: { to: '2024-02-29' },
    });
  });

  it.each([
    '2026-02-01T00:00:00.001Z',
    '2026-02-01T00:00:00+01:00',
    '2026-02-01T12:00:00Z',
    '2026-02-30',
    '0000-01-01',
    '2026-2-1',
    '2026-02',
    '20260201',
    ' 2026-02-01',
    '2026-02-01T00:00',
    '',
    'yesterday',
  ])('is not %p', (from) => {
    expect(checkQuery(ContactsQuery, { from })).toMatchObject({ ok: false, errors: [{ pointer: '/from' }] });
    expect(checkQuery(ContactsQuery, { to: from })).toMatchObject({
      ok: false,
      errors: [{ pointer: '/to' }],
    });
  });
});

describe('by', () => {
  it('names what tells rows apart, in any order', () => {
    expect(checkQuery(ContactsQuery, { by: 'kind,week,channel' })).toEqual({
      ok: true,
      value: { by: ['week', 'channel', 'kind'] },
    });
    expect(checkQuery(SatisfactionQuery, { by: 'week' })).toEqual({ ok: true, value: { by: 'week' } });
  });

  it.each(['day,week', 'channel,channel', 'agent', '', 'day,', ',day', 'day, channel', 'Day', 'constructor'])(
    'is not %p',
    (by) => {
      expect(checkQuery(ContactsQuery, { by })).toMatchObject({ ok: false, errors: [{ pointer: '/by' }] });
    },
  );

  it('of satisfaction is one period', () => {
    for (const by of ['channel', 'day,week', 'year']) {
      expect(checkQuery(SatisfactionQuery, { by }).ok).toBe(false);
    }
  });
});
