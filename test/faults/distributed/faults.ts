import type { DistributedRole, DistributedServer, RoleProcess } from '../../e2e/distributed-server';
import type { EngineServer } from '../../engines/engine-server';
import type { TcpProxy } from '../../engines/tcp-proxy';
import type { Oracle } from '../oracle';
import type { Engines } from './engines';
import { deliverAgain, rewindRelay } from './redelivery';

/** One thing that goes wrong, for a while. */
export interface Fault {
  /** `<what>-<how>`, as the report groups them. */
  readonly target: string;
  readonly kind:
    'kill' | 'outage' | 'leave' | 'stall' | 'latency' | 'reset' | 'hang' | 'cut' | 'rewind' | 'redeliver';
  /** Shortest and longest time from `begin` to `end`. */
  readonly lastsMs: readonly [number, number];
  begin(): Promise<void> | void;
  end(): Promise<void> | void;
}

const KILLED_MS = [0, 800] as const;
const AWAY_MS = [300, 3_000] as const;
const LINK_MS = [1_000, 5_000] as const;
/** Beyond what one attempt of an append is waited for, and beyond what it may take to land. */
const HANG_MS = [2_000, 9_000] as const;
/** Longer than a member of a group may be silent, and than a relay stands by. */
const STALL_MS = [11_000, 13_000] as const;
const WRITER_STALL_MS = [2_000, 7_000] as const;
/** Longer than any engine tries by itself before it tells its caller. */
const OUTAGE_MS = [31_000, 36_000] as const;
const AT_ONCE = [0, 0] as const;
const LATENCY_MS = 120;
const nothing = (): void => undefined;

/** Each role and each server, killed with SIGKILL and started again. */
export function kills(server: DistributedServer, engines: Engines): readonly Fault[] {
  const roles = server.processes.map((role, i) => roleFault(nameOf(server, i), role, 'SIGKILL'));
  const { kafka, mongodb, eventStore } = engines;
  return [
    ...roles,
    serverKill('kafka', kafka),
    serverKill('mongodb', mongodb),
    serverKill('eventstore', eventStore),
  ];
}

/** What is no death: links that break, processes that stand still or leave, deliveries that come again. */
export function troubles(server: DistributedServer, engines: Engines, oracle: Oracle): readonly Fault[] {
  const first = (role: DistributedRole): RoleProcess => server.role(role);
  return [
    ...linkFaults('eventstore-link', engines.eventStoreLink),
    ...linkFaults('mongodb-link', engines.mongodbLink),
    roleFault('projector-0', first('projector'), 'SIGTERM'),
    stall('projector-0', first('projector'), STALL_MS),
    stall('relay-0', first('relay'), STALL_MS),
    stall('command-api-0', first('command-api'), WRITER_STALL_MS),
    {
      target: 'relay-checkpoint',
      kind: 'rewind',
      lastsMs: AT_ONCE,
      begin: () => rewindRelay(server, engines, oracle),
      end: nothing,
    },
    {
      target: 'topic',
      kind: 'redeliver',
      lastsMs: AT_ONCE,
      begin: () => deliverAgain(server, engines),
      end: nothing,
    },
  ];
}

/** Servers that are away until clients are told so. They take their time: for long runs only. */
export function outages(engines: Engines): readonly Fault[] {
  const lost = (target: string, link: TcpProxy): Fault => ({
    target,
    kind: 'outage',
    lastsMs: OUTAGE_MS,
    begin: () => link.cut(),
    end: () => link.heal(),
  });
  return [
    lost('eventstore-link', engines.eventStoreLink),
    lost('mongodb-link', engines.mongodbLink),
    { ...serverKill('kafka', engines.kafka), kind: 'outage', lastsMs: OUTAGE_MS },
  ];
}

function nameOf({ processes }: DistributedServer, index: number): string {
  const role = processes[index]?.role;
  const before = processes.slice(0, index).filter((other) => other.role === role);
  return `${role}-${before.length}`;
}

function roleFault(target: string, role: RoleProcess, signal: 'SIGKILL' | 'SIGTERM'): Fault {
  return {
    target,
    kind: signal === 'SIGKILL' ? 'kill' : 'leave',
    lastsMs: signal === 'SIGKILL' ? KILLED_MS : AWAY_MS,
    begin: () => role.end(signal),
    end: () => role.start(),
  };
}

function serverKill(target: string, server: EngineServer): Fault {
  return {
    target,
    kind: 'kill',
    lastsMs: AWAY_MS,
    begin: () => server.kill(),
    end: () => server.restart(),
  };
}

function stall(target: string, role: RoleProcess, lastsMs: readonly [number, number]): Fault {
  return { target, kind: 'stall', lastsMs, begin: () => role.pause(), end: () => role.resume() };
}

function linkFaults(target: string, link: TcpProxy): readonly Fault[] {
  const end = (): Promise<void> => link.heal();
  return [
    { target, kind: 'latency', lastsMs: LINK_MS, begin: () => link.delay(LATENCY_MS), end },
    { target, kind: 'reset', lastsMs: AT_ONCE, begin: () => link.reset(), end: nothing },
    { target, kind: 'hang', lastsMs: HANG_MS, begin: () => link.hang(), end },
    { target, kind: 'cut', lastsMs: LINK_MS, begin: () => link.cut(), end },
  ];
}
