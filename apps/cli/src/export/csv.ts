import { isJsonObject } from '#libs/core';
import type { Json, JsonObject } from '#libs/core';

const LINE_END = '\r\n';
/** Spreadsheets take a cell that begins so for a formula, and would run what a customer wrote. */
const FORMULA = /^[=+\-@\t\r]/;
/** A number runs nothing, and must stay one: `-5.00`. */
const NUMBER = /^-?\d+(\.\d+)?$/;
const QUOTED = /[",\r\n]/;

/**
 * Lines of CSV as RFC 4180 has it: commas, CRLF, quotes where they are needed. A column is the path of a member
 * through objects, `total.amount`. Lists and objects become JSON text; what is missing or null, an empty cell. A text
 * that a spreadsheet would take for a formula gets an apostrophe before it, unless it is a number.
 */
export class CsvLines {
  readonly header: string;
  readonly #paths: readonly (readonly string[])[];

  constructor(columns: readonly string[]) {
    this.header = lineOf(columns);
    this.#paths = columns.map((column) => column.split('.'));
  }

  line(row: JsonObject): string {
    return lineOf(this.#paths.map((path) => textOf(valueAt(row, path))));
  }
}

function valueAt(row: JsonObject, path: readonly string[]): Json | undefined {
  let value: Json | undefined = row;
  for (const name of path) {
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

function textOf(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return FORMULA.test(value) && !NUMBER.test(value) ? `'${value}` : value;
  return JSON.stringify(value);
}

function lineOf(cells: readonly string[]): string {
  return cells.map(quoted).join(',') + LINE_END;
}

function quoted(cell: string): string {
  return QUOTED.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
