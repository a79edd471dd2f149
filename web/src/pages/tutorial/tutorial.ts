// The tutorial: five steps through a network that runs, each of which sees by itself
// whether it happened. docs/tutorial has the same for the command line.

import { readConfig } from '../../config';
import { Log } from '../../contract/desk';
import { h } from '../../ui/dom';
import type { Page, World } from '../pages';
import { broken } from './broken';
import { changed } from './changed';
import { hello } from './hello';
import { purse } from './purse';
import { running } from './running';
import { Progress, tasks, type Task } from './task';

/** Step is a part of the tutorial; its log shows what is sent in it. */
export interface Step {
  title: string;
  words: (Node | string)[];
  tasks: (world: World, log: Log) => Task[];
}

const steps: Step[] = [running, hello, purse, changed, broken];

export const tutorial: Page = (into, world, _, signal) => {
  const progress = new Progress(world.chain.genesis);
  into.append(h('div', { class: 'intro' }, h('h1', {}, 'Tutorial'),
    h('p', {}, 'A confidential contract, from the first look to a worker that loses its power. Each line is ticked when it happened, whoever made it happen: this page, or you on the command line.')));
  if (!world.wallets.development.length) {
    into.append(h('p', { class: 'empty', id: 'no-tutorial' }, 'The tutorial acts as Alice, Bob and Charlie, whose keys everybody knows. This chain has them not: start ', h('code', {}, 'tacit dev --demo hello'), ' for it.'));
    return;
  }
  void (async () => {
    if (!world.config.contract) Object.assign(world.config, await readConfig().catch(() => ({})));
    if (signal.aborted) return;
    into.append(...steps.map((s, i) => {
      const log = new Log('What is sent in this step appears here, as everybody sees it and as the sender does.', `log-${i + 1}`);
      const list = s.tasks(world, log);
      return h('section', { class: 'card step', 'aria-labelledby': `step-${i + 1}` },
        h('h2', { id: `step-${i + 1}` }, `${i + 1}. ${s.title}`), h('p', {}, ...s.words), tasks(list, progress, signal),
        i === 1 || i === 2 ? log.element : null);
    }));
  })();
};
