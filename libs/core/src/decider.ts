/** Why a well-formed command is not carried out: a value, never an exception. Its code is listed in docs/errors.md. */
export interface Refusal {
  readonly code: string;
  readonly detail: string;
  /** Members that the problem document of the answer carries beside the usual ones. */
  readonly extra?: Readonly<Record<string, string | number>>;
}

export interface Refused {
  readonly refused: Refusal;
}

export type Decision<Event> = readonly Event[] | Refused;

export function refuse(code: string, detail: string, extra?: Refusal['extra']): Refused {
  return { refused: extra === undefined ? { code, detail } : { code, detail, extra } };
}

export function isRefused<Event>(decision: Decision<Event>): decision is Refused {
  return 'refused' in decision;
}

/**
 * A business rule as plain functions over plain data. `evolve` is total: it ignores what is not its own. `Seen` is an
 * event as it is read back, when parts of it may be gone.
 */
export interface Decider<Command, Event, State, Seen = Event> {
  readonly initialState: State;
  decide(command: Command, state: State): Decision<Event>;
  evolve(state: State, event: Seen): State;
}
