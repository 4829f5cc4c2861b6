import { COLUMNS } from './columns';
import type { ExportName } from './columns';
import type { Selection } from './rows';

interface Kind {
  readonly what: string;
  readonly options: readonly (keyof Selection)[];
  /** What the server reads for it. */
  readonly projections: readonly string[];
}

const OF_CUSTOMERS = ['customer', 'segment', 'tier'] as const;

/** What can be exported. */
export const KINDS: Readonly<Record<ExportName, Kind>> = {
  profiles: {
    what: 'customers',
    options: OF_CUSTOMERS,
    projections: ['profile', 'timeline', 'loyalty', 'segments', 'directory'],
  },
  timeline: {
    what: 'what was said and done, oldest first, customer by customer',
    options: [...OF_CUSTOMERS, 'from', 'to'],
    projections: ['timeline', 'directory'],
  },
  purchases: {
    what: 'orders, customer by customer',
    options: OF_CUSTOMERS,
    projections: ['purchases', 'directory'],
  },
  loyalty: {
    what: 'scores with their components and the events behind them',
    options: OF_CUSTOMERS,
    projections: ['loyalty', 'directory'],
  },
  segments: { what: 'segments and their sizes', options: [], projections: ['segments', 'segment-sizes'] },
  members: {
    what: 'who is in which segment, since when and why',
    options: ['segment'],
    projections: ['segments'],
  },
  contacts: { what: 'contacts counted', options: ['from', 'to', 'by'], projections: ['contacts'] },
  satisfaction: {
    what: 'CSAT, NPS, CES and CCI',
    options: ['from', 'to', 'by'],
    projections: ['satisfaction'],
  },
};

export const EXPORT_NAMES = Object.keys(COLUMNS).filter(isExportName);

export function isExportName(name: string): name is ExportName {
  return Object.hasOwn(KINDS, name);
}
