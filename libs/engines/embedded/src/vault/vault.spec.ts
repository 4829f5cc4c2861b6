import { EmbeddedDirectory, STORAGES, vaultContract } from '#libs/testing';

for (const kind of STORAGES) {
  vaultContract(`embedded, ${kind}`, async () => new EmbeddedDirectory(kind).part(({ vault }) => vault));
}
