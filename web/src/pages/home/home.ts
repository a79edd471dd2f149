// The first page: the chain, the worker, and a contract to try, with what
// everybody sees beside what you see.

import './home.css';
import { h } from '../../ui/dom';
import type { Page } from '../pages';
import { contract } from './contract';
import { heads } from './heads';
import { workers } from './workers';

export const home: Page = (into, world, _, signal) => {
  into.append(
    h('div', { class: 'intro' },
      h('h1', {}, 'Computing that keeps secrets, on a chain that keeps none'),
      h('p', {}, 'What you send is encrypted in this page, put in order by the chain, and read only by the contract, inside a worker’s trusted hardware. Try it, and compare what everybody sees with what you see.'),
    ),
    h('div', { class: 'facts' }, heads(world, signal), workers(world, signal)),
    contract(world, signal),
  );
};
