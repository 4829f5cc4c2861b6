import { END_OF_FILE } from './chunks';
import type { MappingPlan } from './mapping';
import { passThrough } from './pass-through';
import type { PassThroughPlan } from './pass-through';
import type { InputFile } from './readers';
import { createConverter } from './rows-to-commands';
import type { BulkLine, Converted, Reject } from './rows-to-commands';

export type ImportPlan = MappingPlan | PassThroughPlan;
type Item = BulkLine | typeof END_OF_FILE;

interface ConversionEvents {
  readonly onBytes: (bytes: number) => void;
  readonly onRows: (rows: number) => void;
  readonly onSkip: (rows: number) => void;
  readonly onReject: (reject: Reject) => Promise<void>;
}

/** Groups that are finished at a time. */
const GROUP_BATCH = 1_000;

/** The lines of all files in order; what does not become a line is told to `events`. */
export async function* convertFiles(
  files: readonly InputFile[],
  plan: ImportPlan,
  events: ConversionEvents,
): AsyncGenerator<readonly Item[]> {
  if (plan.kind === 'pass-through') yield* passFiles(files, plan, events);
  else yield* mapFiles(files, plan, events);
}

async function* passFiles(
  files: readonly InputFile[],
  plan: PassThroughPlan,
  events: ConversionEvents,
): AsyncGenerator<readonly Item[]> {
  for (const file of files) {
    let row = 0;
    for await (const batch of file.lines(events.onBytes)) {
      const lines: BulkLine[] = [];
      for (const line of batch) {
        row += 1;
        await sort(passThrough(line, file.path, row, plan), lines, events);
      }
      events.onRows(batch.length);
      yield lines;
    }
    yield [END_OF_FILE];
  }
}

async function* mapFiles(
  files: readonly InputFile[],
  plan: MappingPlan,
  events: ConversionEvents,
): AsyncGenerator<readonly Item[]> {
  const converter = createConverter(plan);
  for (const file of files) {
    for await (const batch of file.rows(events.onBytes)) {
      const lines: BulkLine[] = [];
      for (const row of batch) {
        const converted = converter.add(row);
        if (converted !== undefined) await sort(converted, lines, events);
      }
      events.onRows(batch.length);
      yield lines;
    }
    if (plan.group === undefined) yield [END_OF_FILE];
  }
  let lines: BulkLine[] = [];
  for (const converted of converter.finish()) {
    await sort(converted, lines, events);
    if (lines.length < GROUP_BATCH) continue;
    yield lines;
    lines = [];
  }
  yield lines;
}

function sort(converted: Converted, lines: BulkLine[], events: ConversionEvents): Promise<void> | undefined {
  if (converted.kind === 'line') lines.push(converted);
  else if (converted.kind === 'skip') events.onSkip(converted.rows);
  else return events.onReject(converted);
  return undefined;
}
