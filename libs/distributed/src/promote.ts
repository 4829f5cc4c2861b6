import { randomBytes } from 'node:crypto';
import { Keyring, Models, projectionsOf } from '#libs/runtime';
import { Distributed } from './distributed';
import type { DistributedOptions } from './distributed';
import { copyLog } from './promote-log';
import type { CopiedLog } from './promote-log';
import { prove } from './promote-proof';
import type { PromoteProof } from './promote-proof';
import { projectAll, publishAll } from './promote-read-models';
import { openEmbeddedLedger } from './promote-source';
import type { EmbeddedLedger } from './promote-source';
import type { PromoteWatch } from './promote-steps';
import { adoptSecrets, copyVault, expectSecrets } from './promote-vault';

/** The root key stays the ledger's: `rootKeyFile` is of both sides. */
export interface PromoteOptions extends DistributedOptions, PromoteWatch {
  /** Copies nothing, and only compares. */
  readonly verifyOnly: boolean;
}

export interface PromoteReport extends PromoteProof {
  /** Events appended by this run, and those that the target had from earlier ones. */
  readonly copied: CopiedLog;
}

/**
 * Takes an embedded ledger over into the distributed engines, and proves that both hold the same. The embedded one stays
 * as it is. Broken off at any point, it goes on where it stopped. Throws `PromoteError` where the target holds another
 * ledger, or something else than a copy.
 */
export async function promote(options: PromoteOptions): Promise<PromoteReport> {
  const source = await openEmbeddedLedger(options);
  try {
    const { secretsText } = source;
    const provide = options.verifyOnly ? expectSecrets(secretsText) : adoptSecrets(secretsText);
    const target = await Distributed.open(options, provide);
    try {
      await catchUp(source, options);
      const copied = options.verifyOnly ? { appended: 0, present: 0 } : await copy(source, target, options);
      return { copied, ...(await prove(source, target, projectionsOf(new Models(source.log)), options)) };
    } finally {
      await target.close();
    }
  } finally {
    source.close();
  }
}

/** Whoever ended the embedded server may have left its read models behind the log. */
async function catchUp({ log, feed, store, vault, secrets }: EmbeddedLedger, options: PromoteOptions) {
  const keyring = new Keyring(vault, secrets, { bytes: randomBytes });
  const projections = projectionsOf(new Models(log));
  await projectAll({ log, feed, store, keyring, projections }, options);
}

async function copy(
  source: EmbeddedLedger,
  target: Distributed,
  options: PromoteOptions,
): Promise<CopiedLog> {
  const empty = (await target.log.lastPosition()) === 0;
  await copyVault(source.vault, target.vault, { empty, watch: options });
  const copied = await copyLog(source.log, target.log, options);
  await target.settled();
  const { log, store, newId, relayCheckpoints: checkpoints } = target;
  const sink = target.sink();
  try {
    const isSameLedger = (): Promise<boolean> => target.isSameLedger();
    await publishAll({ log, sink, checkpoints, newId, isSameLedger }, options);
  } finally {
    await sink.close();
  }
  const projections = projectionsOf(new Models(log));
  await projectAll({ log, feed: target.feed(), store, keyring: target.keyring(), projections }, options);
  return { appended: copied.appended, present: copied.present };
}
