import { checkQuery } from './check';
import { CustomerQuery, FeedQuery, HistoryQuery, PageQuery, TimelineQuery } from './queries';

describe('checkQuery', () => {
  it('gives defaults', () => {
    expect(checkQuery(PageQuery, {})).toEqual({ ok: true, value: { limit: 50 } });
    expect(checkQuery(TimelineQuery, {})).toEqual({ ok: true, value: { limit: 50, order: 'desc' } });
  });

  it('reads integers, instants and ids into their form', () => {
    const query = {
      limit: '500',
      waitFor: '0',
      waitMs: '10000',
      from: '2026-01-01T01:00:00+01:00',
      channel: 'sms',
    };
    expect(checkQuery(TimelineQuery, query)).toEqual({
      ok: true,
      value: {
        limit: 500,
        waitFor: 0,
        waitMs: 10_000,
        from: '2026-01-01T00:00:00.000Z',
        channel: 'sms',
        order: 'desc',
      },
    });
    expect(checkQuery(HistoryQuery, { after: '-1', form: 'record' })).toMatchObject({
      value: { after: -1, form: 'record' },
    });
    expect(checkQuery(FeedQuery, { customer: '0190B5E2-7D00-7000-8000-000000000001' })).toMatchObject({
      value: { customer: '0190b5e2-7d00-7000-8000-000000000001' },
    });
    expect(checkQuery(FeedQuery, { types: 'touchpoint-recorded.v1,feedback-received.v1' }).ok).toBe(true);
  });

  it.each([
    ['limit', '0'],
    ['limit', '501'],
    ['limit', ''],
    ['limit', '5.0'],
    ['limit', '1e2'],
    ['limit', '0x10'],
    ['limit', ' 5'],
    ['limit', '+5'],
    ['limit', '05'],
    ['limit', '99999999999999999999'],
    ['limit', ['5', '6']],
    ['limit', 5],
    ['waitFor', '-1'],
    ['waitMs', '10001'],
    ['after', '-2'],
    ['from', '2026-01-01'],
    ['form', 'event'],
    ['cursor', ''],
    ['unknown', '1'],
    ['__proto__', '1'],
    ['constructor', '1'],
  ])('refuses %s=%p', (name, value) => {
    const result = checkQuery(HistoryQuery, Object.fromEntries([[name, value]]));
    expect(result).toMatchObject({ ok: false, errors: [{ pointer: `/${name}` }] });
  });

  it('has no fields of another query', () => {
    expect(checkQuery(CustomerQuery, { limit: '5' }).ok).toBe(false);
    expect(checkQuery(FeedQuery, { types: 'a,,b' }).ok).toBe(false);
    expect(checkQuery(TimelineQuery, { kind: 'purchases' }).ok).toBe(false);
  });
});
