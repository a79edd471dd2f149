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
import { development } from './development/development';
import { home } from './home/home';
import { staking } from './staking/staking';
import { tutorial } from './tutorial/tutorial';
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
  /** when says where the page is; it is everywhere without. */
  when?: (w: World) => boolean;
}

/** pages in the order of the navigation. */
export const pages: Row[] = [
  { name: '', title: 'Overview', page: home },
  { name: 'tutorial', title: 'Tutorial', page: tutorial },
  { name: 'blocks', title: 'Blocks', page: blocks },
  { name: 'block', page: block },
  { name: 'workers', title: 'Workers', page: workers },
  { name: 'contracts', title: 'Contracts', page: contracts },
  { name: 'clusters', title: 'Clusters', page: clusters },
  { name: 'accounts', title: 'Accounts', page: accounts },
  { name: 'staking', title: 'Staking', page: staking },
  { name: 'development', title: 'Development', page: development, when: ({ config }) => !!config.development },
];
