// Cruises several small trees in one process, with the rules of this repository, and prints what each rule finds:
// {"<tree>": ["<rule>: <from> -> <to>", …]}. Apart from jest because dependency-cruiser is an ES module of many
// files and because it reads the working directory.
import { existsSync } from 'node:fs';
import { cruise } from 'dependency-cruiser';
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';

const [config, ...trees] = process.argv.slice(2);
const options = await extractDepcruiseOptions(config);
const found = {};
for (const tree of trees) {
  process.chdir(tree);
  const roots = ['apps', 'libs', 'test'].filter((root) => existsSync(root));
  const { output } = await cruise(roots, { ...options, baseDir: tree }, options.enhancedResolveOptions);
  const lines = output.summary.violations.map(({ rule, from, to }) =>
    from === to ? `${rule.name}: ${from}` : `${rule.name}: ${from} -> ${to}`,
  );
  found[tree] = lines.toSorted();
}
console.log(JSON.stringify(found));
