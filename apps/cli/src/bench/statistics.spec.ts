import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { summarizeProfiles } from './profile';
import { Durations, median, perSecond, rounded } from './statistics';

describe('statistics', () => {
  it('tells the middle, the hundredth and the longest', () => {
    const durations = new Durations();
    for (let ms = 1_000; ms >= 1; ms--) durations.add(ms);
    expect(durations.summary()).toEqual({ p50Ms: 501, p99Ms: 991, maxMs: 1_000, samples: 1_000 });
  });

  it('takes a value that was measured for the median', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 7])).toBe(5);
  });

  it('divides by no time at all', () => {
    expect(perSecond(10, 0)).toBe(0);
    expect(perSecond(10, 500)).toBe(20);
    expect(rounded(1.005, 1)).toBe(1);
  });
});

describe('profiles', () => {
  it('adds up what each function took itself', () => {
    const directory = mkdtempSync(join(tmpdir(), 'touchstone-profile-'));
    const node = (id: number, functionName: string) => {
      return { id, callFrame: { functionName, url: 'file:///x/dist/a/b.js', lineNumber: 9 } };
    };
    const nodes = [node(1, 'slow'), node(2, 'quick'), node(3, 'slow')];
    const profile = { nodes, samples: [1, 2, 3], timeDeltas: [60, 20, 20] };
    writeFileSync(join(directory, 'one.cpuprofile'), JSON.stringify(profile));
    let text = '';
    summarizeProfiles(directory, (line) => (text += `${line}\n`));
    rmSync(directory, { recursive: true });
    expect(text).toContain('  80.0 %  slow  a/b.js:10');
    expect(text).toContain('  20.0 %  quick  a/b.js:10');
  });
});
