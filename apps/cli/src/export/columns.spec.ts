import 'reflect-metadata';
import {
  ContactsRow,
  CustomerProfile,
  Loyalty,
  PurchaseEntry,
  SatisfactionRow,
  Segment,
  SegmentMember,
  TimelineEntry,
} from '#libs/contracts';
import { COLUMNS } from './columns';
import type { ExportName } from './columns';

/** Names of the fields that a contract class declares, its parents' too. */
function fieldsOf({ prototype }: { readonly prototype: object }): string[] {
  const declared: readonly string[] = Reflect.getMetadata('swagger/apiModelPropertiesArray', prototype);
  return declared.map((name) => name.replace(/^:/, ''));
}

it.each<readonly [ExportName, { readonly prototype: object }]>([
  ['profiles', CustomerProfile],
  ['timeline', TimelineEntry],
  ['purchases', PurchaseEntry],
  ['loyalty', Loyalty],
  ['segments', Segment],
  ['members', SegmentMember],
  ['contacts', ContactsRow],
  ['satisfaction', SatisfactionRow],
])('the columns of %s have all that the API answers', (name, contract) => {
  const covered = new Set(COLUMNS[name].map((column) => column.split('.')[0]));
  const fields = fieldsOf(contract);
  expect(fields.length).toBeGreaterThan(2);
  expect(fields.filter((field) => !covered.has(field))).toEqual([]);
});

it.each(Object.entries(COLUMNS))('no column of %s stands twice', (_name, columns) => {
  expect(new Set(columns).size).toBe(columns.length);
});
