import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isJsonObject } from '#libs/core';
import type { JsonObject } from '#libs/core';
import { textOf } from '../api';

const SHOWN = 15;
const US_A_SECOND = 1_000_000;

/** An empty directory for the profiles of one run. */
export function emptyProfiles(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
}

/** Where each thread of the profiled servers spent its time, in functions' own shares; one profile a thread. */
export function summarizeProfiles(directory: string, say: (text: string) => void): void {
  const files = readdirSync(directory).filter((name) => name.endsWith('.cpuprofile'));
  for (const file of files.toSorted()) {
    const { seconds, functions } = ownTimes(join(directory, file));
    say(`\n${file}: ${seconds.toFixed(1)} s`);
    for (const { name, share } of functions.slice(0, SHOWN))
      say(`${(share * 100).toFixed(1).padStart(6)} %  ${name}`);
  }
  say(`\nProfiles are in ${directory}.`);
}

/** Of a .cpuprofile: its samples name nodes, and each lasted until the next one. */
function ownTimes(path: string): { seconds: number; functions: readonly { name: string; share: number }[] } {
  const profile: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (!isJsonObject(profile)) return { seconds: 0, functions: [] };
  const { nodes, samples, timeDeltas } = profile;
  const names = new Map<unknown, string>();
  for (const node of arrayOf(nodes)) if (isJsonObject(node)) names.set(node['id'], nameOf(node));
  const times = new Map<string, number>();
  const deltas = arrayOf(timeDeltas);
  let total = 0;
  for (const [i, sample] of arrayOf(samples).entries()) {
    const tookUs = Number(deltas[i] ?? 0);
    const name = names.get(sample) ?? '(unknown)';
    total += tookUs;
    times.set(name, (times.get(name) ?? 0) + tookUs);
  }
  const sorted = [...times].toSorted(([, a], [, b]) => b - a);
  const functions = sorted.map(([name, time]) => ({ name, share: total === 0 ? 0 : time / total }));
  return { seconds: total / US_A_SECOND, functions };
}

function nameOf({ callFrame }: JsonObject): string {
  if (!isJsonObject(callFrame)) return '(unknown)';
  const url = textOf(callFrame['url']);
  const name = textOf(callFrame['functionName']) || '(anonymous)';
  if (url === '') return name;
  return `${name}  ${basename(dirname(url))}/${basename(url)}:${Number(callFrame['lineNumber']) + 1}`;
}

function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
