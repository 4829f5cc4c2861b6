import { connectMongo } from '#libs/engines/mongodb';
import type { MongoConnection } from '#libs/engines/mongodb';

/** Where the servers of the engines' tests are: the global setup says so. */
export function mongoUrl(): string {
  const url = process.env['TEST_MONGODB_URL'];
  if (url === undefined) throw new Error('npm run test:engines starts MongoDB and sets TEST_MONGODB_URL');
  return url;
}

/** Databases of one spec file, empty for each test. Emptying costs milliseconds, dropping a database a tenth of a second. */
export class ScratchDatabase {
  readonly #connections: MongoConnection[] = [];

  constructor(
    readonly database: string,
    private readonly url = mongoUrl(),
  ) {}

  async connect(): Promise<MongoConnection> {
    const connection = await connectMongo(this.url, { database: this.database });
    this.#connections.push(connection);
    return connection;
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.splice(0).map((connection) => connection.close()));
  }

  /** Collections of groups of documents go, for each group makes its own; the others are emptied. */
  async dispose(): Promise<void> {
    await this.close();
    const { main, vault } = await this.connect();
    for (const database of [main, vault]) {
      for (const collection of await database.collections()) {
        await (collection.collectionName.includes('.') ? collection.drop() : collection.deleteMany({}));
      }
    }
    await this.close();
  }

  /** One port of it, as the contract suites take it. */
  part<Port>(open: (connection: MongoConnection) => Promise<Port>) {
    return {
      open: async () => open(await this.connect()),
      reopen: async () => {
        await this.close();
        return open(await this.connect());
      },
      dispose: () => this.dispose(),
    };
  }
}
