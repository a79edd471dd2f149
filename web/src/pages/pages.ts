// The pages of the console: one row each.

import type { Chain } from '@tacit-network/sdk';
import { home } from './home/home';
import type { Config } from '../config';

/** World is what a page works on. */
export interface World {
  chain: Chain;
  config: Config;
}

/** Page fills an element, and keeps it up to date. */
export type Page = (into: HTMLElement, world: World) => void;

/** pages are found by the part of the address after the #. */
export const pages: Record<string, Page> = {
  '': home,
};
