import type { EventLog } from '#libs/core';

/** The log as something that can be injected: a port is a type and no token. */
export class LogOf {
  constructor(readonly log: EventLog) {}
}
