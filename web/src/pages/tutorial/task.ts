// One thing to do or to see in the tutorial, and whether it happened.

import { h, say } from '../../ui/dom';
import { every } from '../../ui/live';

/** Task is one thing. What run and watch return tells how it came out; run throws
 * where it did not happen, watch returns undefined until it has. */
export interface Task {
  name: string;
  words: (Node | string)[];
  button?: string;
  run?: () => Promise<string>;
  watch?: () => Promise<string | undefined>;
}

/** Progress remembers, for this visit and this chain, what has happened. */
export class Progress {
  #key: string;
  #done: Record<string, string> = {};

  constructor(genesis: string) {
    this.#key = `tacit-tutorial-${genesis}`;
    try {
      this.#done = JSON.parse(sessionStorage.getItem(this.#key) ?? '{}') as Record<string, string>;
    } catch {
      // Nothing is remembered.
    }
  }

  of(name: string): string | undefined {
    return this.#done[name];
  }

  set(name: string, said: string): void {
    this.#done[name] = said;
    try {
      sessionStorage.setItem(this.#key, JSON.stringify(this.#done));
    } catch {
      // It is remembered while the page is open.
    }
  }
}

/** tasks shows a list of them, and ticks each as it happens. */
export function tasks(list: Task[], progress: Progress, signal: AbortSignal): HTMLElement {
  return h('ol', { class: 'tasks' }, ...list.map((t) => {
    const mark = h('span', { class: 'tree__mark', 'aria-hidden': 'true' }, '○');
    const state = h('span', { class: 'sr' }, 'not done yet: ');
    const said = h('p', { class: 'quiet task__said' });
    const item = h('li', { id: `task-${t.name}`, 'data-state': 'open' }, mark, h('div', { class: 'task' }, h('p', {}, state, ...t.words), said));
    const done = (words: string, loud: boolean): void => {
      item.dataset.state = 'passed';
      mark.textContent = '✓';
      state.textContent = 'done: ';
      said.className = 'quiet task__said';
      said.textContent = words;
      if (loud) say(`Done: ${words}`);
    };
    const before = progress.of(t.name);
    if (before !== undefined) done(before, false);
    const finish = (words: string): void => {
      progress.set(t.name, words);
      done(words, true);
    };
    if (t.run) {
      const button = h('button', {
        class: 'button button--quiet', type: 'button',
        click: () => {
          if (button.getAttribute('aria-disabled') === 'true') return;
          button.setAttribute('aria-disabled', 'true');
          said.className = 'quiet task__said';
          said.textContent = '…';
          void t.run!().then(finish, (e: Error) => {
            said.className = 'fault task__said';
            said.textContent = e.message;
          }).finally(() => button.removeAttribute('aria-disabled'));
        },
      }, t.button ?? 'Do it');
      item.lastElementChild!.append(button);
    }
    if (t.watch && before === undefined) {
      const seen = new AbortController();
      signal.addEventListener('abort', () => seen.abort());
      every(1_500, seen.signal, async () => {
        const words = await t.watch!();
        if (words === undefined || seen.signal.aborted) return;
        seen.abort();
        finish(words);
      });
    }
    return item;
  }));
}
