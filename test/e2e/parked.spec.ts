import { CarelessBuild } from '../faults/careless-build';
import { expectProblem, INSTANT, touchpoint } from './client';
import { Server } from './server';
import { eventually } from './wait';

jest.setTimeout(60_000);

/** The first revision that the careless fold throws at. */
const PARKED_AT = 2;

it('every answer about a parked customer says since when, and waits for nothing beyond', async () => {
  let server = await Server.start();
  const { customerId } = await server.client().accept('/v1/touchpoints', touchpoint());
  const careless = new CarelessBuild(customerId, PARKED_AT);
  try {
    await server.stop();
    server = await Server.start({ home: server.home, root: careless.root });
    const api = server.client();
    const paths = ['', '/timeline', '/purchases', '/loyalty', '/history', '/state?at=1', '/diff?from=0&to=1'];
    const ask = (path: string, more = '') =>
      api.get(`/v1/customers/${customerId}${path}${path.includes('?') ? '&' : '?'}${more}`);
    for (const path of paths) {
      const answer = await ask(path, 'waitFor=1');
      expect([path, answer.status, answer.headers.get('touchstone-parked')]).toEqual([path, 200, null]);
    }
    const { recordedAt } = await api.accept('/v1/touchpoints', touchpoint({ customer: { id: customerId } }));
    await eventually('the customer is parked', async () =>
      (await ask('')).headers.get('touchstone-parked') === null ? undefined : true,
    );
    expect(recordedAt).toMatch(INSTANT);
    for (const path of paths) {
      const begun = Date.now();
      const answer = await ask(path, 'waitFor=9&waitMs=10000');
      const { headers, status } = answer;
      expect([path, status, headers.get('touchstone-parked')]).toEqual([path, 200, recordedAt]);
      expect([path, headers.get('touchstone-stale')]).toEqual([path, 'true']);
      expect(Date.now() - begun).toBeLessThan(5_000);
    }
    expect((await ask('/history')).headers.get('touchstone-revision')).toBe(String(PARKED_AT));
    expectProblem(await ask('/history', 'cursor=x'), 400, 'invalid-cursor');
  } finally {
    careless.dispose();
    await server.dispose();
  }
});
