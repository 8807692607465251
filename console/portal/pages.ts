// Every page of the portal: its path, its place in the navigation, and the module that holds it,
// loaded when it is opened first.
import type { ComponentType } from 'react';
import type { NavigationGroup } from '../frame/navigation.tsx';

export type PortalPage = {
  path: string;
  load: () => Promise<{ Page: ComponentType }>;
};

export const PAGES: readonly PortalPage[] = [
  { path: '/', load: () => import('./balance/balance.tsx') },
  { path: '/commissions', load: () => import('./commissions/commissions.tsx') },
  { path: '/commissions/:id', load: () => import('./commissions/commission.tsx') },
  { path: '/events/:id', load: () => import('./commissions/event.tsx') },
  { path: '/progress', load: () => import('./commissions/progress.tsx') },
  { path: '/statements', load: () => import('./statements/statements.tsx') },
  { path: '/statements/:id', load: () => import('./statements/statement.tsx') },
  { path: '/endpoints', load: () => import('./endpoints/endpoints.tsx') },
  { path: '/endpoints/:id', load: () => import('./endpoints/endpoint.tsx') },
  { path: '/deliveries', load: () => import('./endpoints/deliveries.tsx') },
  { path: '/deliveries/:id', load: () => import('../pages/deliveries/delivery.tsx') },
];

export const NAVIGATION: readonly NavigationGroup[] = [
  {
    name: 'Money',
    entries: [
      { path: '/', label: 'Balance' },
      { path: '/commissions', label: 'Commissions' },
      { path: '/progress', label: 'Progress' },
      { path: '/statements', label: 'Statements' },
    ],
  },
  {
    name: 'Postbacks',
    entries: [
      { path: '/endpoints', label: 'Endpoints' },
      { path: '/deliveries', label: 'Postbacks' },
    ],
  },
];

/** Where the page of a thing is, by the prefix of its id. */
export const PLACES: Readonly<Record<string, string>> = {
  evt: '/events',
  dlv: '/deliveries',
  ep: '/endpoints',
  slot: '/commissions',
  stm: '/statements',
};
