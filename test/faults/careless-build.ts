import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../e2e/server';

const FOLD = '    fold(document, recorded) {\n';
const TIMELINE = 'dist/libs/projections/src/timeline.js';

/** A copy of the build in which somebody has edited the timeline's fold, so that it throws at one customer's events from a revision on. */
export class CarelessBuild {
  readonly root = mkdtempSync(join(tmpdir(), 'touchstone-careless-'));

  constructor(customerId: string, revision: number) {
    cpSync(join(ROOT, 'dist'), join(this.root, 'dist'), { recursive: true });
    copyFileSync(join(ROOT, 'package.json'), join(this.root, 'package.json'));
    symlinkSync(join(ROOT, 'node_modules'), join(this.root, 'node_modules'));
    const built = readFileSync(join(this.root, TIMELINE), 'utf8');
    if (built.split(FOLD).length !== 2) throw new Error('the built fold looks otherwise');
    const condition = `recorded.customerId === '${customerId}' && recorded.revision >= ${revision}`;
    const thrown = `throw new TypeError('no subject: ' + JSON.stringify(recorded.event.data))`;
    const edited = built.replace(FOLD, `${FOLD}        if (${condition}) ${thrown};\n`);
    writeFileSync(join(this.root, TIMELINE), edited);
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
