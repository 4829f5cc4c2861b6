import { started } from './started';

export default async function stopEngines(): Promise<void> {
  await Promise.all(started.splice(0).map((server) => server.stop()));
}
