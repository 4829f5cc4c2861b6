#!/usr/bin/env node
// The `touchstone` command: runs the built command line in this process, with source maps in stack traces.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/apps/cli/src/main.js', import.meta.url);
if (existsSync(main)) {
  process.setSourceMapsEnabled(true);
  process.argv[1] = fileURLToPath(main);
  await import(main.href);
} else {
  console.error('touchstone is not built yet: run `npm run build`.');
  process.exitCode = 1;
}
