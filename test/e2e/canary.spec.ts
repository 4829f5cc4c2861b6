import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { filesWith, formsIn } from './byte-search';
import { touchpoint } from './client';
import { Server } from './server';

jest.setTimeout(60_000);

/** Nothing else looks like it, and no word boundary, case folding or normal form changes it. */
const canary = (): string => `canary${randomBytes(12).toString('hex')}`;

/** Sends `text` as every sealed value that API §2 has; answers the touchpoint's event id. */
async function plant(server: Server, text: string): Promise<{ eventId: string; customerId: string }> {
  const api = server.client();
  const customer = {
    identifiers: [
      { type: 'crm', value: text },
      { type: 'email', value: `${text}@${text}.example` },
      { type: 'wechat', value: `wx-${text}` },
    ],
  };
  const attributes = { [text]: { deep: [text, { [`${text}2`]: text }] } };
  const source = (part: string): object => ({ system: 'canary', id: `${text}-${part}`, part: text });
  const registered = { ...customer, name: text, attributes, source: source('c') };
  const { customerId } = await api.accept('/v1/customers', registered, { 'idempotency-key': `${text}-c` });
  await api.patch(`/v1/customers/${customerId}`, { name: `${text} b`, attributes, reason: text });
  const more = { type: 'line', value: `more-${text}` };
  await api.accept(`/v1/customers/${customerId}/identifiers`, more, { 'idempotency-key': text });
  await api.accept(`/v1/customers/${customerId}/identifiers/unlink`, more);
  const said = { subject: text, content: `${text} and more`, outcomeText: text, threadId: text, attributes };
  const { eventId } = await api.accept(
    '/v1/touchpoints',
    touchpoint({ customer, ...said, source: source('t') }),
  );
  const path = `/v1/touchpoints/${eventId}`;
  await api.accept(`${path}/status`, { status: 'opened', detail: text });
  await api.accept(`${path}/correction`, { fields: said, reason: text });
  await api.accept(`${path}/annotation`, { text });
  const total = { amount: '1.00', currency: 'EUR' };
  const items = [{ sku: text, name: text, quantity: 1 }];
  await api.accept('/v1/purchases', { customer, orderId: text, total, items, source: source('p') });
  await api.accept(`/v1/purchases/${text}/refund`, { customer, amount: total, reason: text });
  await api.accept('/v1/survey-answers', {
    customer,
    instrument: 'nps',
    score: 1,
    comment: text,
    source: source('s'),
  });
  const feedback = { customer, type: 'praise', content: text, source: source('f') };
  await api.accept('/v1/feedback', feedback);
  const purposes = ['marketing', 'regulated', 'service'];
  const lines = purposes.map((purpose) => ({
    command: 'touchpoint',
    ...touchpoint({ customer, purpose, content: text }),
  }));
  const { body } = await api.bulk([...lines, `{"command":"touchpoint","${text}":1}`, `{"${text}`]);
  expect([body.accepted, body.rejected]).toEqual([3, 2]);
  return { eventId, customerId };
}

/** Errors and queries of all kinds, each with `text` in it. */
async function provoke(server: Server, text: string, customerId: string): Promise<void> {
  const api = server.client();
  const path = `/v1/customers/${customerId}`;
  await api.get(`${path}/timeline?q=${text}&waitFor=14`);
  await api.get(`${path}/timeline?cursor=${text}`);
  await api.get(`${path}/timeline?${text}=1`);
  await api.get(`/v1/customers/${text}`);
  await api.get(`/${text}`);
  await api.post('/v1/customers/lookup', { identifier: { type: 'crm', value: text } });
  await api.post('/v1/customers', { identifiers: [{ type: 'crm', value: text }] });
  await api.post('/v1/touchpoints', { [text]: text });
  await api.ask('POST', '/v1/touchpoints', { raw: `{"a":"${text}` });
  await api.post('/v1/feedback', { customer: { id: text }, type: text, content: text });
  await api.get('/v1/keys', { authorization: `Bearer ${text}`, 'idempotency-key': text });
  await api.all(`${path}/history`);
}

const PYTHON_BLOBS = `
import json, sqlite3, sys
log = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True)
rows = log.execute('SELECT id, env, sealed FROM records').fetchall()
print(json.dumps([[i, json.loads(env)['type'], len(json.loads(sealed))] for i, env, sealed in rows]))`;

/** Of each record in the auditors' view: id, type, number of blobs. */
function blobs(server: Server): (readonly [string, string, number])[] {
  const file = join(server.directory, 'log.db');
  const out = execFileSync('python3', ['-c', PYTHON_BLOBS, file], { encoding: 'utf8' });
  const rows: (readonly [string, string, number])[] = JSON.parse(out);
  return rows;
}

describe('what people say and who they are', () => {
  it('is found in no file but the documents, in no log line, in no form', async () => {
    const text = canary();
    const server = await Server.start({ env: { TOUCHSTONE_LOG_LEVEL: 'trace' } });
    const { customerId } = await plant(server, text);
    await provoke(server, text, customerId);
    expect((await server.client().get('/metrics')).text).not.toContain(text);
    // Alive, with its write-ahead logs, and after a rebuild; then stopped.
    const alive = filesWith(server.directory, text);
    const begun = await server.client().post('/v1/projections/all/rebuild');
    expect(begun.status).toBe(202);
    expect(await server.client().verified('readmodels')).toMatchObject({ ok: true });
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    const stopped = filesWith(server.directory, text);
    for (const found of [alive, stopped]) {
      expect(found.filter((file) => !file.startsWith('documents/'))).toEqual([]);
    }
    // The search finds what is there.
    expect(stopped.some((file) => file.startsWith('documents/') && file.endsWith(': utf-8'))).toBe(true);
    expect(server.output).toContain('"level":"debug"');
    expect(formsIn(server.output, text)).toEqual([]);
    await server.dispose();
  });

  it('is gone after a redaction: from the log’s view, every answer, and the documents’ free pages', async () => {
    const text = canary();
    const kept = canary();
    const server = await Server.start();
    const api = server.client();
    const said = {
      subject: text,
      content: `${text} `.repeat(2_000),
      outcomeText: text,
      attributes: { text },
    };
    const source = { system: 'canary', id: text };
    const { eventId, customerId } = await api.accept('/v1/touchpoints', touchpoint({ ...said, source }));
    const path = `/v1/touchpoints/${eventId}`;
    await api.accept(`${path}/status`, { status: 'opened', detail: text });
    await api.accept(`${path}/correction`, { fields: { subject: `${text} 2` }, reason: text });
    await api.accept(`${path}/annotation`, { text });
    await api.accept('/v1/touchpoints', touchpoint({ customer: { id: customerId }, content: kept }));
    const before = await api.get(`/v1/customers/${customerId}/timeline?waitFor=5`);
    expect(before.text).toContain(text);
    await api.accept(`${path}/redaction`, { reason: 'asked for' });
    for (const rest of ['timeline?waitFor=6', 'history', 'history?form=record', `timeline?q=${text}`]) {
      const answer = await api.get(`/v1/customers/${customerId}/${rest}`);
      expect([rest, answer.status, formsIn(answer.text, text)]).toEqual([rest, 200, []]);
    }
    expect((await api.get(`/v1/customers/${customerId}/timeline?q=${text}`)).body.items).toEqual([]);
    expect((await api.get(`/v1/events/${eventId}`)).body.sealed).toEqual({});
    expect(await api.verified('ledger')).toMatchObject({ ok: true });
    expect(await api.verified('readmodels')).toMatchObject({ ok: true });
    await server.stop();
    const hidden = blobs(server).filter(([, type]) => type !== 'touchpoint-redacted.v1');
    // Only the registration and the other touchpoint of this customer still have theirs.
    expect(hidden.filter(([, , count]) => count > 0).map(([, type]) => type)).toEqual([
      'customer-registered.v1',
      'touchpoint-recorded.v1',
    ]);
    expect(filesWith(server.directory, text)).toEqual([]);
    expect(filesWith(server.directory, kept)).not.toEqual([]);
    // The chain stands without the blobs, for the auditors' own tool too.
    execFileSync('python3', ['scripts/audit.py', 'ledger', server.directory], { stdio: 'pipe' });
    await server.dispose();
  });
});
