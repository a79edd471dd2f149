// For those who try things: the node's RPC by hand, what the programs said last, and
// faults to see what comes of them. Only `tacit dev` has it.

import type { Config } from '../../config';
import { h, say, set } from '../../ui/dom';
import { Drawn, every } from '../../ui/live';
import type { Page, World } from '../pages';
import { act, type State, type Tampered } from './actions';

export const development: Page = (into, world, _, signal) => {
  if (!world.config.development) {
    into.append(h('p', { class: 'loading' }, 'This page is there in tacit dev alone.'));
    return;
  }
  into.append(
    h('div', { class: 'intro' }, h('h1', {}, 'Development'), h('p', {}, 'Break something, and see that nothing is lost and nothing is believed. This page is there in ', h('code', {}, 'tacit dev'), ' alone.')),
    faults(world, signal), rpc(world), ...lines(world.config, signal),
  );
};

/** button does one thing at a time, and tells how it ended. */
export function button(words: string, id: string, done: HTMLElement, work: () => Promise<Node | string>): HTMLElement {
  const el = h('button', {
    class: 'button button--quiet', type: 'button', id,
    click: () => {
      if (el.getAttribute('aria-disabled') === 'true') return;
      el.setAttribute('aria-disabled', 'true');
      done.className = 'quiet';
      done.replaceChildren('…');
      void work().then(
        (said) => done.replaceChildren(said),
        (e: Error) => {
          done.className = 'fault';
          done.replaceChildren(e.message);
        },
      ).finally(() => el.removeAttribute('aria-disabled'));
    },
  }, words);
  return el;
}

/** tampering has a quote tampered with, and tells what the chain said. */
export async function tampering(config: Config, part: string): Promise<HTMLElement> {
  const t = await act<Tampered>(config, 'quote', { part });
  say(`The chain refused the quote: ${t.refused}`);
  return h('span', {}, `One bit of ${t.what} was flipped, in byte ${t.at} of ${t.bytes}. The chain refused it: `, h('strong', { class: 'answer--bad' }, t.refused), '.');
}

function faults({ config }: World, signal: AbortSignal): HTMLElement {
  const done = h('p', { class: 'quiet', role: 'status', id: 'fault-done' });
  const worker = h('dd', { id: 'worker-state' }, '…');
  const relay = h('dd', { id: 'relay-state' }, '…');
  const part = h('select', { id: 'part' }, ...[['measurement', 'the measurement'], ['report', 'the report data'], ['signature', 'the signature']].map(([v, w]) => h('option', { value: v! }, w!)));
  every(1_000, signal, async () => {
    const s = await act<State>(config, 'state');
    set(worker, s.worker ? 'answers' : 'is being started again');
    set(relay, s.relay ? 'carries messages' : 'is cut: the chain goes on, and the worker hears nothing of it');
  }, (words) => words && set(worker, words));
  return h('section', { class: 'card', 'aria-labelledby': 'faults' }, h('h2', { id: 'faults' }, 'Faults'),
    h('dl', { class: 'rows' }, h('div', {}, h('dt', {}, 'The worker'), worker), h('div', {}, h('dt', {}, 'The relay'), relay)),
    h('div', { class: 'actions-row' },
      button('Kill the worker', 'kill', done, async () => {
        await act(config, 'kill');
        return 'Killed as by a power cut. It starts again, opens what it sealed to its machine, and registers anew.';
      }),
      button('Cut the relay', 'cut', done, async () => {
        await act(config, 'cut');
        return 'Cut. Commands wait in the chain’s queue; none is lost, and none is done.';
      }),
      button('Restore the relay', 'join', done, async () => {
        await act(config, 'join');
        return 'Restored. The worker catches up from what the chain kept.';
      }),
      h('div', { class: 'field' }, h('label', { for: 'part' }, 'Tamper with'), part),
      button('Tamper with a quote', 'quote', done, () => tampering(config, part.value)),
    ), done);
}

function rpc({ chain }: World): HTMLElement {
  const method = h('input', { id: 'method', list: 'methods', autocomplete: 'off', spellcheck: 'false', size: 30, value: 'system_health' });
  const params = h('textarea', { id: 'params', rows: 2, spellcheck: 'false', autocomplete: 'off', 'aria-describedby': 'params-help' }, '[]');
  const list = h('datalist', { id: 'methods' });
  const count = h('span', { class: 'quiet' });
  const fault = h('p', { class: 'fault', role: 'alert', id: 'rpc-fault' });
  const answer = h('pre', { class: 'dump dump--tall', id: 'answer', tabindex: 0, role: 'region', 'aria-label': 'Answer', hidden: true });
  const ask = h('button', { class: 'button', type: 'submit' }, 'Ask the node');
  void chain.rpc.call<{ methods: string[] }>('rpc_methods').then(({ methods }) => {
    list.replaceChildren(...[...methods].sort().map((m) => h('option', { value: m })));
    set(count, `${methods.length} methods`);
  }, () => undefined);
  return h('section', { class: 'card', 'aria-labelledby': 'rpc' }, h('h2', { id: 'rpc' }, 'RPC'),
    h('form', {
      class: 'form', id: 'rpc-form', novalidate: true,
      submit: (e) => {
        e.preventDefault();
        if (ask.getAttribute('aria-disabled') === 'true') return;
        set(fault, '');
        answer.hidden = true;
        let list: unknown;
        try {
          list = JSON.parse(params.value.trim() || '[]');
        } catch {
          return set(fault, 'The parameters are no JSON.');
        }
        if (!Array.isArray(list)) return set(fault, 'The parameters are a JSON list, such as ["0x12", 5].');
        ask.setAttribute('aria-disabled', 'true');
        void chain.rpc.call<unknown>(method.value.trim(), ...list).then(
          (v) => {
            const text = JSON.stringify(v, null, 2) ?? 'nothing';
            set(answer, text.length > 100_000 ? `${text.slice(0, 100_000)}\n… ${text.length - 100_000} characters more` : text);
            answer.hidden = false;
            say('The node answered');
          },
          (x: Error) => set(fault, x.message),
        ).finally(() => ask.removeAttribute('aria-disabled'));
      },
    },
      h('div', { class: 'field' }, h('label', { for: 'method' }, 'Method ', count), method, list),
      h('div', { class: 'field field--grow' }, h('label', { for: 'params' }, 'Parameters ', h('span', { class: 'quiet', id: 'params-help' }, 'a JSON list')), params),
      ask, fault),
    answer);
}

function lines(config: Config, signal: AbortSignal): HTMLElement[] {
  const box = (id: string, title: string): [HTMLElement, HTMLElement] => {
    const text = h('pre', { class: 'dump dump--tall', tabindex: 0, role: 'region', id: `${id}-lines`, 'aria-labelledby': id });
    return [h('section', { class: 'card', 'aria-labelledby': id }, h('h2', { id }, title), text), text];
  };
  const [node, nodeText] = box('node-log', 'The node’s last lines');
  const [worker, workerText] = box('worker-log', 'The worker’s last lines');
  const drawn = [new Drawn(nodeText), new Drawn(workerText)];
  every(1_500, signal, async () => {
    const s = await act<State>(config, 'state');
    const boxes = [nodeText, workerText];
    [s.node, s.lines].forEach((list, i) => {
      const box = boxes[i]!;
      const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 4;
      drawn[i]!.show(list, () => [list.length ? list.join('\n') : 'Nothing yet.']);
      if (atEnd) box.scrollTop = box.scrollHeight; // unless somebody reads further up
    });
  });
  return [node, worker];
}
