import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Client, Loose } from './client';
import { eventually } from './wait';

export interface FeedEvent {
  readonly id: number;
  readonly event: string;
  readonly data: Loose;
}

/** Follows `GET /v1/feed` and keeps what came. */
export class Feed {
  readonly events: FeedEvent[] = [];
  ended = false;
  #rest = '';

  private constructor(private readonly response: IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#take(text));
    for (const name of ['end', 'error', 'close']) response.on(name, () => (this.ended = true));
  }

  static open(client: Client, query = '', headers: Readonly<Record<string, string>> = {}): Promise<Feed> {
    return new Promise((resolve, reject) => {
      const all = { authorization: `Bearer ${client.key ?? ''}`, ...headers };
      get(`${client.url}/v1/feed${query}`, { headers: all }, (response) => {
        if (response.statusCode === 200) resolve(new Feed(response));
        else reject(new Error(`feed: ${response.statusCode}`));
      }).on('error', reject);
    });
  }

  get headers(): IncomingMessage['headers'] {
    return this.response.headers;
  }

  /** Waits until so many events have come. */
  async until(count: number): Promise<readonly FeedEvent[]> {
    return eventually(`${count} events of the feed (${this.events.length} came)`, () =>
      this.events.length >= count ? this.events : undefined,
    );
  }

  close(): void {
    this.response.destroy();
  }

  #take(text: string): void {
    this.#rest += text;
    for (let end = this.#rest.indexOf('\n\n'); end !== -1; end = this.#rest.indexOf('\n\n')) {
      const block = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + 2);
      if (block.startsWith(':')) continue;
      const field = (name: string): string =>
        block
          .split('\n')
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2) ?? '';
      this.events.push({ id: Number(field('id')), event: field('event'), data: JSON.parse(field('data')) });
    }
  }
}
