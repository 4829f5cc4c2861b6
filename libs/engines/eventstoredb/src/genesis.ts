import type { EventLog, GenesisMemory } from '#libs/core';

/**
 * False where the log does not begin with the event that is remembered: another server, one that kept nothing, or a
 * swapped disk. What it begins with is remembered from the first call on that finds an event.
 */
export async function isSameLedger(log: Pick<EventLog, 'readAll'>, memory: GenesisMemory): Promise<boolean> {
  // Before the log is read: the first event of a new ledger may come, and be kept by another process, in between.
  const remembered = await memory.load();
  const [found] = await log.readAll(0, 1);
  if (remembered !== undefined) return found?.id === remembered.id && found.position === remembered.position;
  if (found !== undefined) await memory.keep({ id: found.id, position: found.position });
  return true;
}
