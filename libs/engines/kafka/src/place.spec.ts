import { CATCHING_UP, offsetIn, sameCheckpoint } from './place';

describe('place in the topic', () => {
  const marks = { low: 10, high: 20 };
  const at = (offset: number, topicId = 'topic-1') => ({ topicId, offset, position: 500 });

  it('is the checkpoint’s offset where the topic has what follows it', () => {
    for (const offset of [10, 15, 20]) expect(offsetIn(marks, 'topic-1', at(offset))).toBe(offset);
  });

  it('is the beginning where nothing was delivered and nothing is gone', () => {
    expect(offsetIn({ low: 0, high: 20 }, 'topic-1', undefined)).toBe(0);
  });

  it('is none where the offset is gone or not there yet, the topic another, a catch-up under way', () => {
    expect(offsetIn(marks, 'topic-1', undefined)).toBeUndefined();
    for (const offset of [0, 9, 21]) expect(offsetIn(marks, 'topic-1', at(offset))).toBeUndefined();
    expect(offsetIn(marks, 'topic-2', at(15))).toBeUndefined();
    expect(offsetIn(marks, 'topic-1', at(15, CATCHING_UP))).toBeUndefined();
  });

  it('tells whether a checkpoint was moved', () => {
    expect(sameCheckpoint(undefined, undefined)).toBe(true);
    expect(sameCheckpoint(at(15), { ...at(15) })).toBe(true);
    const others = [undefined, at(16), at(15, 'topic-2'), { ...at(15), position: 501 }];
    for (const other of others) expect(sameCheckpoint(at(15), other)).toBe(false);
  });
});
