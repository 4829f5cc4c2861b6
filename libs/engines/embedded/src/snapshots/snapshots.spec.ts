import { EmbeddedDirectory, snapshotsContract, STORAGES } from '#libs/testing';

for (const kind of STORAGES) {
  snapshotsContract(`embedded, ${kind}`, async () =>
    new EmbeddedDirectory(kind).part(({ snapshots }) => snapshots),
  );
}
