import type { InputSettings } from './input-settings';

/** Where a row begins. `line` is the line of the file (from 1), `row` counts rows of data (from 1), both of that file. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly row: number;
}

/** A row that could be read. */
export interface Row {
  readonly place: Place;
  /** '' where the cell is empty or there is no such column. */
  cell(column: string): string;
}

/** A row that could not be. */
interface BadRow {
  readonly place: Place;
  readonly reason: string;
}

export type ReadRow = Row | BadRow;

export function isBad(row: ReadRow): row is BadRow {
  return 'reason' in row;
}

type CellSettings = Pick<InputSettings, 'trim' | 'emptyValues'>;

/** A row of a table: the columns' places are shared by all rows of a file. */
export class TableRow implements Row {
  constructor(
    readonly place: Place,
    private readonly fields: readonly string[],
    private readonly indexOf: ReadonlyMap<string, number>,
    private readonly settings: CellSettings,
  ) {}

  cell(column: string): string {
    const index = this.indexOf.get(column);
    return index === undefined ? '' : cellText(this.fields[index] ?? '', this.settings);
  }
}

/** A row with values of its own, under dotted names. */
export class JsonRow implements Row {
  constructor(
    readonly place: Place,
    private readonly values: ReadonlyMap<string, string>,
    private readonly settings: CellSettings,
  ) {}

  cell(column: string): string {
    return cellText(this.values.get(column) ?? '', this.settings);
  }
}

function cellText(text: string, { trim, emptyValues }: CellSettings): string {
  const cell = trim ? text.trim() : text;
  return emptyValues.has(cell) ? '' : cell;
}
