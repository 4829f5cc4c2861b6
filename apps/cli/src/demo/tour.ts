import { grouped } from '../import/progress';
import type { Person } from './person';
import { COMPANY } from './words';

export interface Tour {
  readonly url: string;
  readonly key: string;
  readonly directory: string;
  readonly kept: boolean;
  readonly example: Person;
  readonly customerId: string;
  readonly customers: number;
  /** Things told about them. */
  readonly lines: number;
}

interface Stop {
  readonly shows: string;
  readonly command: string;
}

/** What to look at, as commands that work where they are pasted. */
export function tourText(tour: Tour): string {
  const { url, key, directory, kept, example, customers, lines } = tour;
  const stops = stopsOf(tour).map(({ shows, command }, i) => `${i + 1}. ${shows}\n\n   ${command}\n`);
  return `
${COMPANY}, an invented shop: ${grouped(customers)} customers, ${grouped(lines)} touchpoints, purchases
and answers, over three years to 2026-10-31.

  address  ${url}  (every route: ${url}/docs)
  key      ${key}
  data     ${directory}${kept ? '' : ', removed at the end'}

Five things to try, about ${example.name}, who had a broken parcel in May 2026 and praised the shop in the end:

${stops.join('\n')}
`;
}

function stopsOf({ url, key, directory, example, customerId }: Tour): readonly Stop[] {
  const auth = `-H 'authorization: Bearer ${key}'`;
  const json = `-H 'content-type: application/json'`;
  const lookup = JSON.stringify({ identifier: { type: 'email', value: example.email } });
  return [
    {
      shows: 'Who is this? The profile, found by e-mail address, which never travels in a URL:',
      command: `curl -s ${url}/v1/customers/lookup ${auth} ${json} -d '${lookup}'`,
    },
    {
      shows:
        'What was said about the kettle? A search in the timeline; one entry was corrected, and shows it:',
      command: `curl -s '${url}/v1/customers/${customerId}/timeline?q=kettle&limit=5' ${auth}`,
    },
    {
      shows:
        'What does the ledger really hold? Each event as committed: sealed, hashed, chained to the one before:',
      command: `curl -s '${url}/v1/customers/${customerId}/history?form=record&limit=2' ${auth}`,
    },
    {
      shows:
        'What happened, as it happens? The feed of all redactions so far; leave out -m 3 and it goes on:',
      command: `curl -sN -m 3 '${url}/v1/feed?types=touchpoint-redacted.v1' ${auth}`,
    },
    {
      shows: 'Is it all still as it was written? Recomputes every hash and every chain from the log:',
      command: `npx touchstone --data ${directory} verify ledger`,
    },
  ];
}
