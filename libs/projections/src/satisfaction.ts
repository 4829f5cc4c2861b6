import { countedByDay } from './counted-by-day';

/**
 * Survey answers of all customers on the day on which they were given: how many, by instrument/score. Of a CCI, which
 * has 101 scores and is answered as a mean only, their number and their sum: its counters would be four fifths of a
 * document. One document a bucket and month.
 */
export const satisfaction = countedByDay('satisfaction', 1, ({ event, occurredAt: at }) => {
  if (event.type !== 'survey-answered.v1') return [];
  const { instrument, score } = event.data;
  if (instrument !== 'cci') return [{ name: `${instrument}/${score}`, at, by: 1 }];
  return [
    { name: 'cci/answers', at, by: 1 },
    { name: 'cci/sum', at, by: score },
  ];
});
