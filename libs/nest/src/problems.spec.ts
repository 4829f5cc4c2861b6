import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HttpException } from '@nestjs/common';
import { EngineError } from '#libs/core';
import { toProblem } from './problem-filter';
import { PROBLEMS, ProblemError, problemDocument, problemHeaders, refusalToProblem } from './problems';
import type { ProblemCode } from './problems';

const rows = readFileSync(join(__dirname, '../../../docs/errors.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

it('are the codes of docs/errors.md with their status, both ways and in the same order', () => {
  const documented = rows.map(([, code = '', status]) => [code.replaceAll('`', ''), Number(status)]);
  expect(documented).toEqual(Object.entries(PROBLEMS).map(([code, { status }]) => [code, status]));
  for (const [, , , meaning, remedy] of rows) {
    expect(meaning).toMatch(/\.$/);
    expect(remedy).toMatch(/\.$/);
  }
});

it('are listed for whatever a decider or the ledger refuses', () => {
  const sources = ['domain', 'insight', 'runtime'].flatMap((lib) => {
    const folder = join(__dirname, `../../${lib}/src`);
    const files = readdirSync(folder).filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'));
    return files.map((file) => readFileSync(join(folder, file), 'utf8'));
  });
  const codes = sources.flatMap((source) =>
    [...source.matchAll(/\brefused?\(\s*'([a-z-]+)'/g)].map(([, code = '']) => code),
  );
  expect(codes.length).toBeGreaterThan(10);
  // `restart` never leaves the ledger.
  expect(codes.filter((code) => code !== 'restart' && !(code in PROBLEMS))).toEqual([]);
});

it('have stable kebab-case codes', () => {
  for (const code of Object.keys(PROBLEMS)) expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
});

it('say when to come back wherever that helps', () => {
  for (const [code, { status }] of Object.entries(PROBLEMS)) {
    const headers = problemHeaders(new ProblemError(code as ProblemCode, ''));
    expect('retry-after' in headers).toBe(status === 429 || status === 503);
  }
});

it('carry errors and extra members, which cannot replace the usual ones', () => {
  const errors = [{ pointer: '/name', message: 'must be a text' }];
  const problem = new ProblemError('invalid-body', 'See errors.', {
    errors,
    extra: { status: 200, customerId: 'c' },
  });
  expect(problemDocument(problem, 'r')).toEqual({
    type: 'urn:touchstone:problem:invalid-body',
    title: 'The body is not valid',
    status: 400,
    detail: 'See errors.',
    code: 'invalid-body',
    customerId: 'c',
    errors,
    requestId: 'r',
  });
});

it('come of refusals; a code that is not listed is a fault of ours', () => {
  const taken = refusalToProblem({ code: 'identifier-taken', detail: 'Taken.', extra: { customerId: 'c' } });
  expect([taken.status, taken.code, taken.extra]).toEqual([409, 'identifier-taken', { customerId: 'c' }]);
  expect(refusalToProblem({ code: 'invented', detail: 'x' })).toMatchObject({
    code: 'internal',
    status: 500,
  });
  expect(refusalToProblem({ code: 'toString', detail: 'x' })).toMatchObject({ code: 'internal' });
});

it.each([
  [new HttpException('/v1/secret', 404), 'not-found'],
  [new HttpException('secret', 400), 'bad-request'],
  [new HttpException('secret', 418), 'bad-request'],
  [new HttpException('secret', 500), 'internal'],
  [new HttpException('secret', 502), 'internal'],
  [Object.assign(new Error('secret'), { statusCode: 413, code: 'FST_ERR_CTP_BODY_TOO_LARGE' }), 'too-large'],
  [Object.assign(new Error('secret'), { statusCode: 400, code: 'SQLITE_FULL' }), 'internal'],
  [new EngineError('secret'), 'unavailable'],
  [new TypeError('secret'), 'internal'],
  ['secret', 'internal'],
  [undefined, 'internal'],
])('come of whatever is thrown, without its words: %p', (fault, code) => {
  const problem = toProblem(fault);
  expect(problem.code).toBe(code);
  expect(JSON.stringify(problemDocument(problem))).not.toContain('secret');
});
