import { grouped } from '../import/progress';
import type { ExampleCustomer } from './afterwards';
import type { Person } from './person';
import { COMPANY } from './words';

export interface Tour {
  readonly url: string;
  readonly key: string;
  readonly directory: string;
  readonly kept: boolean;
  readonly person: Person;
  readonly example: ExampleCustomer;
  readonly customers: number;
  /** Things told about them. */
  readonly lines: number;
  /** What the ledger says about all of them, and about the example. */
  readonly overview: string;
  readonly aboutExample: string;
}

interface Stop {
  readonly shows: string;
  readonly command: string;
}

/** What to look at, as commands that work where they are pasted. */
export function tourText(tour: Tour): string {
  const { url, key, directory, kept, person, customers, lines, overview, aboutExample } = tour;
  const stops = stopsOf(tour).map(({ shows, command }, i) => `${i + 1}. ${shows}\n\n   ${command}\n`);
  return `
${COMPANY}, an invented shop: ${grouped(customers)} customers, ${grouped(lines)} touchpoints, purchases
and answers, over three years to 2026-10-31.

  address  ${url}  (every route: ${url}/docs)
  key      ${key}
  data     ${directory}${kept ? '' : ', removed at the end'}

${overview}
One customer: ${person.name}, ${aboutExample}. A late parcel in March 2024, five days without
an answer, then silence; won back in November; a broken parcel in May 2026, answered within two hours.

Five things to try:

${stops.join('\n')}
`;
}

function stopsOf({ url, key, directory, example }: Tour): readonly Stop[] {
  const { customerId, beforeComplaint, afterPraise } = example;
  const auth = `-H 'authorization: Bearer ${key}'`;
  return [
    {
      shows: 'Whom to call first? Those who bought much and are slipping away, the most loyal of them first:',
      command: `curl -s '${url}/v1/customers?segment=at-risk&sort=-loyalty&limit=5' ${auth}`,
    },
    {
      shows: 'Why that score? Every number that loyalty is made of, with the events that it comes from:',
      command: `curl -s '${url}/v1/customers/${customerId}/loyalty' ${auth}`,
    },
    {
      shows:
        'What did the broken parcel of May 2026 do? Before the complaint, after the praise, and because of which events:',
      command: `npx touchstone --data ${directory} replay ${customerId} --diff ${beforeComplaint}..${afterPraise}`,
    },
    {
      shows: 'Is the service getting better? CSAT, NPS, CES and CCI, month by month:',
      command: `curl -s '${url}/v1/metrics/satisfaction?by=month' ${auth}`,
    },
    {
      shows: 'Is it all still as it was written? Recomputes every hash and every chain from the log:',
      command: `npx touchstone --data ${directory} verify ledger`,
    },
  ];
}
