import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { EventFeed, EventLog } from '#libs/core';
import { EmbeddedDocumentStore, EmbeddedEventFeed, FILES, readOnlyEngines } from '#libs/engines/embedded';
import type { EmbeddedDocumentsOptions } from '#libs/engines/embedded';
import { Keyring, Models, openSecrets, projectionsOf } from '#libs/runtime';
import type { ProjectionSet } from '#libs/runtime';
import type { ProjectorStart } from './projector-messages';

/** What a thread that folds reads from and writes to; it owns all of it. */
export interface ProjectorEngines {
  readonly log: EventLog;
  readonly feed: EventFeed;
  readonly store: EmbeddedDocumentStore;
  readonly keyring: Keyring;
  readonly models: Models;
  readonly projections: ProjectionSet;
  close(): void;
}

export async function openProjectorEngines(
  { directory, rootKey }: ProjectorStart,
  connection: Omit<EmbeddedDocumentsOptions, 'directory'> = {},
): Promise<ProjectorEngines> {
  const engines = readOnlyEngines(directory);
  const { log, vault } = engines;
  const store = new EmbeddedDocumentStore({ ...connection, directory: join(directory, FILES.documents) });
  const secrets = await openSecrets(vault, rootKey);
  const models = new Models(log);
  return {
    log,
    feed: new EmbeddedEventFeed(log, secrets.ledgerId),
    store,
    keyring: new Keyring(vault, secrets, { bytes: randomBytes }),
    models,
    projections: projectionsOf(models),
    close: () => {
      store.close();
      engines.close();
    },
  };
}
