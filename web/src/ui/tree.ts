// A tree of checks, each with its outcome and what was found.

import { h } from './dom';

/** State is how a check came out. */
export type State = 'passed' | 'warning' | 'failed' | 'not checked';

/** Check is one thing that was looked at; what is below it are its parts. */
export interface Check {
  name: string;
  state: State;
  detail: string | Node;
  checks?: Check[];
}

const order: State[] = ['passed', 'not checked', 'warning', 'failed'];
const marks: Record<State, string> = { passed: '✓', 'not checked': '?', warning: '!', failed: '✗' };

/** worst is the outcome of a group: that of its worst part. */
export const worst = (checks: Check[]): State => order[Math.max(0, ...checks.map((c) => order.indexOf(c.state)))]!;

/** tree shows checks. */
export function tree(checks: Check[]): HTMLElement {
  return h('ul', { class: 'tree' }, ...checks.map((c) =>
    h('li', { 'data-check': c.name, 'data-state': c.state },
      h('span', { class: 'tree__mark', 'aria-hidden': 'true' }, marks[c.state]),
      h('div', { class: 'tree__what' }, h('strong', {}, c.name), h('span', { class: 'sr' }, ` ${c.state}: `), ' ', h('span', { class: 'tree__detail' }, c.detail)),
      c.checks?.length ? tree(c.checks) : null,
    )));
}
