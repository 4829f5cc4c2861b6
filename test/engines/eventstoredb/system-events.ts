import { randomUUID } from 'node:crypto';
import { METADATA_TYPE, metastreamOf, NOTHING } from './records';
import type { ProposedEvent } from './records';

interface SystemEvent {
  readonly stream: string;
  readonly event: ProposedEvent;
}

const DAY_SECONDS = 86_400;
const STATISTICS_STREAM = '$stats-127.0.0.1:2113';

function systemEvent(stream: string, type: string, content: unknown): SystemEvent {
  const data = Buffer.from(JSON.stringify(content));
  return { stream, event: { id: randomUUID(), type, json: true, data, metadata: NOTHING } };
}

/** What stands in a database before anybody wrote to it: whoever reads $all must pass over it. */
export function seeds(): readonly SystemEvent[] {
  const users = ['admin', 'ops'].flatMap((name) => [
    systemEvent(metastreamOf(`$user-${name}`), METADATA_TYPE, { $acl: { $w: '$admins', $r: name } }),
    systemEvent(`$user-${name}`, '$UserCreated', { loginName: name, disabled: false }),
    systemEvent('$users', '$User', name),
  ]);
  return [
    systemEvent(metastreamOf('$scavenges'), METADATA_TYPE, { $maxAge: 30 * DAY_SECONDS }),
    systemEvent(metastreamOf(STATISTICS_STREAM), METADATA_TYPE, { $maxAge: DAY_SECONDS }),
    ...users,
    statistics(),
  ];
}

export function statistics(): SystemEvent {
  return systemEvent(STATISTICS_STREAM, '$statsCollected', { 'proc-id': process.pid });
}
