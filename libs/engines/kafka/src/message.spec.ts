import type { KafkaMessage } from 'kafkajs';
import type { StoredRecord } from '#libs/core';
import { ForeignMessageError, fromMessage, toMessage } from './message';
import type { RecordMessage } from './message';

const publication = { ledgerId: 'ledger-1', topicId: 'topic-1', sequence: 42 };
const record: StoredRecord = {
  id: '01930000-0000-7000-8000-000000000001',
  stream: 'customer-01930000-0000-7000-8000-00000000000a',
  rev: 7,
  position: 2 ** 53 - 1,
  env: '{"at":"2026-01-01T00:00:00.000Z","data":{},"type":"touchpoint-recorded.v1","v":1}',
  sealed: { '/identity': Uint8Array.of(0, 255, 1), '/service': new Uint8Array(0) },
  leafHash: 'ab'.repeat(32),
  tag: 'cd'.repeat(16),
};

/** As a consumer gets it: headers are bytes. */
function received({ key, value, headers }: RecordMessage): KafkaMessage {
  const bytes = Object.entries(headers ?? {}).map(([name, text]) => [name, Buffer.from(String(text))]);
  return {
    key: Buffer.from(key),
    value,
    headers: Object.fromEntries(bytes),
    timestamp: '0',
    attributes: 0,
    offset: '0',
  };
}

const plain = ({ sealed, ...rest }: StoredRecord) => ({
  ...rest,
  sealed: Object.fromEntries(
    Object.entries(sealed).map(([path, blob]) => [path, Buffer.from(blob).toString('hex')]),
  ),
});

describe('message', () => {
  const text = '客户 \u{1f600} e\u0301 \u2028 \u{10ffff} \ufeff \u0000 \u001f "\\ },"env":{ } }}';
  it.each([
    ['a record', {}],
    ['any text', { env: JSON.stringify({ text, [text]: [text] }) }],
    ['text that is not canonical', { env: '{ "a" : 1.0,\t"type":"x" }' }],
    ['no blobs', { sealed: {} }],
    ['a class that looks like the cut', { sealed: { '/},"env":{': Uint8Array.of(1) } }],
    ['a blob that is a part of a buffer', { sealed: { '/service': Buffer.from('abcdef').subarray(2, 4) } }],
    ['300 KB', { env: JSON.stringify({ content: '客'.repeat(100_000) }) }],
  ])('gives back %s, byte by byte', (_, change) => {
    const sent = { ...record, ...change };
    const read = fromMessage(received(toMessage(sent, publication)));
    expect(plain(read.record)).toEqual(plain(sent));
    expect(read.topicId).toBe('topic-1');
  });

  it('is JSON that anybody can read', () => {
    expect(JSON.parse(toMessage(record, publication).value.toString())).toEqual({
      leafHash: record.leafHash,
      position: record.position,
      s: record.tag,
      sealed: { '/identity': 'AP8B', '/service': '' },
      env: JSON.parse(record.env),
    });
  });

  it('says in its headers what CloudEvents asks for', () => {
    const { headers = {}, key } = toMessage(record, publication);
    expect(key).toBe('01930000-0000-7000-8000-00000000000a');
    expect(headers).toEqual({
      ce_specversion: '1.0',
      ce_id: record.id,
      ce_type: 'touchpoint-recorded.v1',
      ce_source: 'touchstone:ledger-1',
      ce_subject: record.stream,
      ce_time: '2026-01-01T00:00:00.000Z',
      ce_revision: '7',
      ce_position: '9007199254740991',
      ce_sequence: '0000000000000042',
      ce_partitionkey: key,
      'content-type': 'application/json',
      'touchstone-topic': 'topic-1',
    });
    for (const name of Object.keys(headers))
      expect(name).toMatch(/^(ce_[a-z0-9]{1,20}|content-type|touchstone-topic)$/);
  });

  it('refuses what is not a record, and says nothing of what it holds', () => {
    const good = received(toMessage(record, publication));
    const value = good.value?.toString() ?? '';
    const changes: Partial<KafkaMessage>[] = [
      { value: null },
      { value: Buffer.from('secret') },
      { value: Buffer.from(value.slice(0, -1)) },
      { value: Buffer.from(`${value} `) },
      { value: Buffer.from(value.replace('"leafHash":"', '"leafHash":""secret')) },
      { value: Buffer.from(value.replace('"position":9', '"position":99')) },
      { value: Buffer.from(value.replace('"AP8B"', '1')) },
      { headers: {} },
      ...['ce_id', 'ce_subject', 'ce_revision', 'touchstone-topic'].map((name) => ({
        headers: { ...good.headers, [name]: undefined },
      })),
      { headers: { ...good.headers, ce_revision: Buffer.from('secret') } },
    ];
    for (const change of changes) {
      const message = { ...good, ...change } as KafkaMessage;
      expect(() => fromMessage(message)).toThrow(ForeignMessageError);
      expect(() => fromMessage(message)).not.toThrow(/secret/);
    }
  });
});
