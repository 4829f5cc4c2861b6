import { runInNewContext } from 'node:vm';
import { EngineError } from '#libs/core';
import { MongoBulkWriteError } from 'mongodb';
import { faultOf, isTransient, retrying } from './faults';

/** As Node throws it; the driver lets some of them through. */
function socketFault(code: string): Error {
  return Object.assign(new Error(`write ${code}`), { code });
}

it.each(['ECONNRESET', 'EPIPE', 'ERR_STREAM_DESTROYED'])(
  'a connection that broke by %s is worth another try',
  async (code) => {
    expect(isTransient(socketFault(code))).toBe(true);
    let tries = 0;
    const answer = retrying('ask', async () => {
      if (++tries < 3) throw socketFault(code);
      return tries;
    });
    expect(await answer).toBe(3);
    expect(faultOf('ask', socketFault(code))).toBeInstanceOf(EngineError);
  },
);

it('so is one that broke under a bulk write', () => {
  const result = { insertedCount: 0, matchedCount: 0 };
  const error = new MongoBulkWriteError(
    { message: 'write ECONNRESET', code: 0, writeErrors: [] },
    Object(result),
  );
  expect(isTransient(Object.assign(error, { code: 'ECONNRESET' }))).toBe(true);
});

it('so is one that was thrown in another realm than ours', () => {
  const error: unknown = runInNewContext("Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })");
  expect(error).not.toBeInstanceOf(Error);
  expect(isTransient(error)).toBe(true);
});

it('what is no fault of a connection passes as it is, at once', async () => {
  const mistake = new TypeError('a mistake of ours');
  let tries = 0;
  const answer = retrying('ask', async () => {
    tries++;
    throw mistake;
  });
  await expect(answer).rejects.toBe(mistake);
  expect(tries).toBe(1);
});
