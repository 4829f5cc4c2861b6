import { readFile } from 'node:fs/promises';
import { fieldsOf, COMMAND_NAMES } from './command-fields';
import type { ImportPlan } from './convert-files';
import { headerMapping } from './header-mapping';
import { ImportError } from './import-error';
import { DEFAULT_INPUT } from './input-settings';
import { parseMapping } from './mapping';
import type { MappingPlan } from './mapping';
import { openInput } from './readers';
import type { InputFile } from './readers';

interface ImportRequest {
  readonly paths: readonly string[];
  /** Path of the mapping. */
  readonly map: string | undefined;
  readonly command: string | undefined;
}

export interface PreparedImport {
  readonly files: readonly InputFile[];
  readonly plan: ImportPlan;
  readonly warnings: readonly string[];
}

/** Everything that can be wrong is found before anything is sent. @throws ImportError */
export async function prepareImport({ paths, map, command }: ImportRequest): Promise<PreparedImport> {
  if (command !== undefined && fieldsOf(command) === undefined) {
    throw new ImportError(`unknown command "${command}" (known: ${COMMAND_NAMES.join(', ')})`);
  }
  const mapping =
    map === undefined ? undefined : parseMapping({ text: await textOf(map), origin: map, command });
  const files: InputFile[] = [];
  for (const path of paths) files.push(await openInput(path, mapping?.input ?? DEFAULT_INPUT));
  const plan = mapping ?? planWithoutMapping(files, command);
  if (plan.kind === 'pass-through') return { files, plan, warnings: [] };
  for (const file of files) checkColumns(file, plan);
  return { files, plan, warnings: warningsOf(files, plan) };
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    throw new ImportError(`${path}: no such mapping, or it may not be read`);
  }
}

function planWithoutMapping(files: readonly InputFile[], command: string | undefined): ImportPlan {
  const tables = files.filter(({ columns }) => columns !== undefined);
  const [first] = tables;
  if (first?.columns === undefined) return { kind: 'pass-through', command };
  if (tables.length < files.length)
    throw new ImportError('tables and NDJSON in one import need a mapping (--map)');
  if (command === undefined) {
    throw new ImportError(
      `${first.path}: a table needs a mapping (--map), or --command and columns named like its fields`,
    );
  }
  return headerMapping(first.columns, command, first.path);
}

function checkColumns({ path, columns }: InputFile, { columns: used, origin }: MappingPlan): void {
  if (columns === undefined) return;
  for (const [name, where] of used) {
    const times = columns.filter((column) => column === name).length;
    if (times === 1) continue;
    const fault = times === 0 ? `has no column "${name}"` : `has ${times} columns "${name}"`;
    throw new ImportError(`${origin}: ${where}: ${path} ${fault} (its columns: ${columns.join(', ')})`);
  }
}

function warningsOf(files: readonly InputFile[], plan: MappingPlan): readonly string[] {
  if (files.length < 2 || !plan.keysRepeatAcrossFiles) return [];
  return [
    `${plan.origin}: row() counts from 1 in each of the ${files.length} files; where it makes a key, {file()}:{row()} tells them apart`,
  ];
}
