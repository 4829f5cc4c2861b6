import { EventStoreDouble } from './event-store-double';

// `node -r ./test/engines/eventstoredb/typescript.cjs test/engines/eventstoredb/main.ts [port] [directory]`
const [, , port = '0', directory] = process.argv;

EventStoreDouble.start({ port: Number(port), directory })
  .then((double) => console.log(double.address))
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
