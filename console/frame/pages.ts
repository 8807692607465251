// Every page of the console: its path, its place in the navigation, and the module that holds it,
// loaded when it is opened first.
import type { ComponentType } from 'react';

export const GROUPS = ['Now', 'Conversions', 'Postbacks', 'Money', 'Setup', 'Administration'] as const;

export type PageEntry = {
  /** As wouter writes it: `/events/:id`. */
  path: string;
  load: () => Promise<{ Page: ComponentType }>;
  /** Its entry in the navigation. Pages about one thing have none. */
  menu?: { label: string; group: (typeof GROUPS)[number] };
  /** With `g` before it, the key that leads there. */
  key?: string;
  /** For the administrator's session, which has no operator; all others need one. */
  forAdministrator?: true;
};

export const PAGES: readonly PageEntry[] = [
  {
    path: '/',
    load: () => import('../pages/overview/overview.tsx'),
    menu: { label: 'Overview', group: 'Now' },
    key: 'o',
  },
  {
    path: '/stuck',
    load: () => import('../pages/stuck/stuck.tsx'),
    menu: { label: 'Stuck', group: 'Now' },
    key: 's',
  },
  {
    path: '/events',
    load: () => import('../pages/events/events.tsx'),
    menu: { label: 'Events', group: 'Conversions' },
    key: 'e',
  },
  {
    path: '/reports',
    load: () => import('../pages/reports/reports.tsx'),
    menu: { label: 'Reports', group: 'Conversions' },
  },
  {
    path: '/orphans',
    load: () => import('../pages/orphans/orphans.tsx'),
    menu: { label: 'Orphans', group: 'Conversions' },
  },
  {
    path: '/set-aside',
    load: () => import('../pages/set-aside/set-aside.tsx'),
    menu: { label: 'Set aside', group: 'Conversions' },
  },
  {
    path: '/imports',
    load: () => import('../pages/imports/imports.tsx'),
    menu: { label: 'Imports', group: 'Conversions' },
    key: 'i',
  },
  {
    path: '/clicks',
    load: () => import('../pages/clicks/clicks.tsx'),
    menu: { label: 'Clicks', group: 'Conversions' },
  },
  {
    path: '/customers',
    load: () => import('../pages/customers/customers.tsx'),
    menu: { label: 'Customers', group: 'Conversions' },
    key: 'u',
  },
  { path: '/imports/:id', load: () => import('../pages/imports/import.tsx') },
  { path: '/events/:id', load: () => import('../pages/events/trace.tsx') },
  {
    path: '/deliveries',
    load: () => import('../pages/deliveries/deliveries.tsx'),
    menu: { label: 'Postbacks', group: 'Postbacks' },
    key: 'p',
  },
  {
    path: '/endpoints',
    load: () => import('../pages/endpoints/endpoints.tsx'),
    menu: { label: 'Endpoints', group: 'Postbacks' },
    key: 'n',
  },
  {
    path: '/replays',
    load: () => import('../pages/replays/replays.tsx'),
    menu: { label: 'Replays', group: 'Postbacks' },
  },
  { path: '/endpoints/:id', load: () => import('../pages/endpoints/endpoint.tsx') },
  { path: '/deliveries/:id', load: () => import('../pages/deliveries/delivery.tsx') },
  {
    path: '/affiliates',
    load: () => import('../pages/affiliates/affiliates.tsx'),
    menu: { label: 'Affiliates', group: 'Money' },
    key: 'a',
  },
  { path: '/affiliates/:id', load: () => import('../pages/affiliates/affiliate.tsx') },
  {
    path: '/commissions',
    load: () => import('../pages/commissions/commissions.tsx'),
    menu: { label: 'Commissions', group: 'Money' },
    key: 'c',
  },
  { path: '/commissions/:id', load: () => import('../pages/commissions/commission.tsx') },
  { path: '/transfers/:id', load: () => import('../pages/transfers/transfer.tsx') },
  {
    path: '/deals',
    load: () => import('../pages/deals/deals.tsx'),
    menu: { label: 'Deals', group: 'Money' },
    key: 'd',
  },
  { path: '/deals/:id', load: () => import('../pages/deals/deal.tsx') },
  {
    path: '/balances',
    load: () => import('../pages/balances/balances.tsx'),
    menu: { label: 'Balances', group: 'Money' },
    key: 'b',
  },
  {
    path: '/payout-runs',
    load: () => import('../pages/payout-runs/payout-runs.tsx'),
    menu: { label: 'Payout runs', group: 'Money' },
    key: 'r',
  },
  { path: '/payout-runs/:id', load: () => import('../pages/payout-runs/payout-run.tsx') },
  {
    path: '/payouts',
    load: () => import('../pages/payouts/payouts.tsx'),
    menu: { label: 'Payouts', group: 'Money' },
    key: 'y',
  },
  { path: '/payouts/:id', load: () => import('../pages/payouts/payout.tsx') },
  { path: '/statements/:id', load: () => import('../pages/statements/statement.tsx') },
  { path: '/statements/of/:affiliate', load: () => import('../pages/statements/open-statement.tsx') },
  {
    path: '/months',
    load: () => import('../pages/months/months.tsx'),
    menu: { label: 'Months', group: 'Money' },
    key: 'm',
  },
  { path: '/months/:month', load: () => import('../pages/months/month.tsx') },
  {
    path: '/reconciliation',
    load: () => import('../pages/reconciliation/reconciliation.tsx'),
    menu: { label: 'Reconciliation', group: 'Money' },
  },
  {
    path: '/fx-rates',
    load: () => import('../pages/fx-rates/fx-rates.tsx'),
    menu: { label: 'Exchange rates', group: 'Money' },
    key: 'x',
  },
  {
    path: '/settings',
    load: () => import('../pages/settings/settings.tsx'),
    menu: { label: 'Settings', group: 'Setup' },
    key: 't',
  },
  {
    path: '/notices',
    load: () => import('../pages/notices/notices.tsx'),
    menu: { label: 'Notices', group: 'Setup' },
  },
  {
    path: '/keys',
    load: () => import('../pages/keys/keys.tsx'),
    menu: { label: 'API keys', group: 'Setup' },
    key: 'k',
  },
  {
    path: '/audit-log',
    load: () => import('../pages/audit-log/audit-log.tsx'),
    menu: { label: 'Audit log', group: 'Setup' },
    key: 'l',
  },
  {
    path: '/operators',
    load: () => import('../pages/operators/operators.tsx'),
    menu: { label: 'Operators', group: 'Administration' },
    forAdministrator: true,
  },
  {
    path: '/onboarding',
    load: () => import('../pages/onboarding/onboarding.tsx'),
    menu: { label: 'Onboarding', group: 'Setup' },
  },
  {
    path: '/refusals',
    load: () => import('../pages/refusals/refusals.tsx'),
    menu: { label: 'Refusals', group: 'Setup' },
  },
];
