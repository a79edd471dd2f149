// What the program that serves the page lets it break, in a development network.

import type { Config } from '../../config';

/** State is what the programs are and said last. */
export interface State {
  worker: boolean;
  relay: boolean;
  node: string[];
  lines: string[];
}

/** Tampered is what became of a quote with a flipped bit. */
export interface Tampered {
  what: string;
  at: number;
  bytes: number;
  refused: string;
  because: string;
}

/** act has the program do something, and throws with its words where it does not. */
export async function act<T>(config: Config, name: string, body?: object): Promise<T> {
  const response = await fetch(`./do/${name}`, {
    method: 'POST', headers: { 'X-Tacit-Token': config.development?.token ?? '' }, ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const answer = (await response.json()) as T & { error?: string };
  if (!response.ok) throw new Error(answer.error ?? `The console answered ${response.status}.`);
  return answer;
}
