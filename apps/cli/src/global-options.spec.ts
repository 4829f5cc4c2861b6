import { takeGlobalOptions } from './global-options';

const off = { json: false, help: false };

it('takes the options of all verbs out, wherever they stand', () => {
  expect(takeGlobalOptions(['--data', 'd', 'verify', 'ledger', '--json'])).toEqual({
    options: { data: 'd', json: true, help: false },
    rest: ['verify', 'ledger'],
  });
  expect(takeGlobalOptions(['keys', 'list', '--url=http://h:1/x=y', '--key-file', 'k', '-h'])).toEqual({
    options: { url: 'http://h:1/x=y', keyFile: 'k', json: false, help: true },
    rest: ['keys', 'list'],
  });
});

it('leaves the others to the verb, and everything after --', () => {
  expect(takeGlobalOptions(['import', '--map', 'm', '--dry-run', '--', '--json'])).toEqual({
    options: off,
    rest: ['import', '--map', 'm', '--dry-run', '--', '--json'],
  });
  expect(takeGlobalOptions(['bench', '--data', 'd', '--json'])).toEqual({
    options: { ...off, json: true },
    rest: ['bench', '--data', 'd'],
  });
  expect(takeGlobalOptions(['--jsonx', '--constructor', 'toString'])).toEqual({
    options: off,
    rest: ['--jsonx', '--constructor', 'toString'],
  });
});

it.each([
  [['verify', '--data'], '--data needs a value'],
  [['verify', '--data='], '--data needs a value'],
  [['--key', 'k', 'verify'], 'a key is for another server: name it with --url'],
  [['--url', 'http://h', 'verify'], '--url needs --key or --key-file'],
  [['--url', 'h:1', '--key', 'k'], '--url is an address like https://ledger.example.com'],
  [['--url', 'http://me:secret@h', '--key', 'k'], '--url is an address like https://ledger.example.com'],
  [['--url', 'http://h', '--key', 'k', '--data', 'd'], 'give --url or --data, not both'],
  [['--url', 'http://h', '--key', 'k', '--key-file', 'f'], 'give --key or --key-file, not both'],
])('refuses %j', (args, message) => {
  expect(() => takeGlobalOptions(args)).toThrow(message);
});
