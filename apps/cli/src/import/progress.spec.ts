import { describeProgress, progressDisplay } from './progress';

const half = { bytes: 50, totalBytes: 100, rows: 12_000 };

function display(isTerminal: boolean): { readonly written: string[]; readonly at: (ms: number) => void } {
  const written: string[] = [];
  let now = 0;
  const shown = progressDisplay({ write: (text) => written.push(text), isTerminal, nowMs: () => now });
  return {
    written,
    at(ms) {
      now = ms;
      shown.show(half);
    },
  };
}

it('says percent, rate and time left', () => {
  expect(describeProgress(half, 4_000)).toBe('50 %, 12,000 rows, 3,000/s, 4 s left');
  expect(describeProgress({ ...half, bytes: 1 }, 60_000)).toBe('1 %, 12,000 rows, 200/s, 1 h 39 min left');
  expect(describeProgress({ bytes: 0, totalBytes: 0, rows: 0 }, 0)).toBe('0 %, 0 rows, 0/s');
});

it('draws a bar on a terminal and adds lines now and then in a pipe', () => {
  const terminal = display(true);
  for (const ms of [100, 200, 300, 400]) terminal.at(ms);
  expect(terminal.written).toHaveLength(2);
  expect(terminal.written[0]).toMatch(/^\r\[#{12} {12}\] 50 %, 12,000 rows/);
  const pipe = display(false);
  for (const ms of [1_000, 5_000, 9_000, 10_000]) pipe.at(ms);
  expect(pipe.written).toEqual([
    '50 %, 12,000 rows, 2,400/s, 5 s left\n',
    '50 %, 12,000 rows, 1,200/s, 10 s left\n',
  ]);
});
