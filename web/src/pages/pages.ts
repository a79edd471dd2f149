// The pages of the console: one row each.

import type { Chain } from '@tacit-network/sdk';
import type { Config } from '../config';
import type { Sessions } from '../contract/sessions';
import type { Wallets } from '../wallets';
import { accounts } from './accounts/accounts';
import { block } from './blocks/block';
import { blocks } from './blocks/blocks';
import { clusters } from './clusters/clusters';
import { contracts } from './contracts/contracts';
import { home } from './home/home';
import { workers } from './workers/workers';

/** World is what a page works on. */
export interface World {
  chain: Chain;
  config: Config;
  wallets: Wallets;
  sessions: Sessions;
}

/** Page fills an element, and keeps it up to date until signal ends. rest is what
 * stands in the address after the page's name. */
export type Page = (into: HTMLElement, world: World, rest: string, signal: AbortSignal) => void;

/** Row is a page under its name in the address, after the #. One without a title
 * is reached from others. */
export interface Row {
  name: string;
  title?: string;
  page: Page;
}

/** pages in the order of the navigation. */
export const pages: Row[] = [
  { name: '', title: 'Overview', page: home },
  { name: 'blocks', title: 'Blocks', page: blocks },
  { name: 'block', page: block },
  { name: 'workers', title: 'Workers', page: workers },
  { name: 'contracts', title: 'Contracts', page: contracts },
  { name: 'clusters', title: 'Clusters', page: clusters },
  { name: 'accounts', title: 'Accounts', page: accounts },
];
