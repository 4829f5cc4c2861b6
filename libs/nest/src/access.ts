import type { Role } from '#libs/core';

/** What a policy grants to a role: `clear` and `masked` say how customers' data are shown, `yes` where there are none. */
export type Access = 'yes' | 'clear' | 'masked';

type Row = Readonly<Partial<Record<Role, Access>>>;

const everybody: Row = {
  service: 'yes',
  agent: 'yes',
  analyst: 'yes',
  auditor: 'yes',
  dpo: 'yes',
  admin: 'yes',
};
const readers: Row = { agent: 'yes', analyst: 'yes', auditor: 'yes', dpo: 'yes', admin: 'yes' };
const admins: Row = { admin: 'yes' };

/** Who may do what: the table of docs/access.md, which a test compares with this one. A missing cell is a no. */
export const ACCESS = {
  /** Everything under API §2 but keys, models and projections. */
  commands: { service: 'yes', agent: 'yes' },
  /** Customers: list, lookup, profile, timeline, purchases, loyalty, state, diff; members of segments. */
  customers: { agent: 'clear', analyst: 'masked', auditor: 'clear', dpo: 'clear' },
  /** History of a customer, single events, proofs, the transparency log. */
  history: { auditor: 'clear', dpo: 'clear' },
  feed: { service: 'clear', auditor: 'clear', dpo: 'clear' },
  metrics: readers,
  segments: readers,
  'models-read': readers,
  'projections-read': readers,
  keys: admins,
  'models-change': admins,
  'projections-change': admins,
  /** Recomputing everything from the log; answers with counts and ids, never with content. */
  verify: { auditor: 'yes', dpo: 'yes', admin: 'yes' },
  /** `/openapi.json`, `/asyncapi.json`, `/metrics`. */
  openapi: everybody,
} as const satisfies Record<string, Row>;

export type PolicyName = keyof typeof ACCESS;

const STRENGTH: Readonly<Record<Access, number>> = { masked: 1, clear: 2, yes: 3 };

/** The strongest of what the roles are granted; `undefined` when none is granted anything. */
export function accessOf(policy: PolicyName, roles: readonly Role[]): Access | undefined {
  const row: Row = ACCESS[policy];
  let best: Access | undefined;
  for (const role of roles) {
    const access = row[role];
    if (access !== undefined && (best === undefined || STRENGTH[access] > STRENGTH[best])) best = access;
  }
  return best;
}
