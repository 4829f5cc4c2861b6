// Lets a plain `node -r` run the TypeScript of the test servers: they are no part of the build, and jest's own
// transform exists in jest only.
const { readFileSync } = require('node:fs');
const { transformSync } = require('@swc/core');

require.extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), {
    filename,
    swcrc: false,
    sourceMaps: 'inline',
    jsc: { parser: { syntax: 'typescript' }, target: 'es2023', keepClassNames: true },
    module: { type: 'commonjs' },
  });
  // oxlint-disable-next-line no-underscore-dangle -- Node's own name for it
  module._compile(code, filename);
};
