// Alert rules and the Grafana board as data, with the metrics that their expressions name.
import { parse } from 'yaml';
import { readSource } from './sources.ts';

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

export const RULES_FILE = 'docs/deploy/prometheus/rules.yml';

const { groups } = parse(readSource(RULES_FILE)) as { groups: { rules: Alert[] }[] };
export const alerts: readonly Alert[] = groups.flatMap(({ rules }) => rules);

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

/** Expressions of the board's panels, with the titles of the panels. */
export function boardExpressions(): { title: string; expr: string }[] {
  const { panels } = JSON.parse(readSource('docs/deploy/grafana/postrider.json')) as { panels: Panel[] };
  return panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
}

/** A metric that an expression names, and the labels by which it chooses or groups. */
export type Selector = { metric: string; labels: string[] };

const GROUPING = /\bby \(([^)]*)\)/g;

/** Labels of `by (…)` count for every metric of the expression. */
export function selectorsOf(expr: string): Selector[] {
  const grouping = Array.from(expr.matchAll(GROUPING), ([, names]) => names!.split(/,\s*/)).flat();
  return Array.from(
    expr.matchAll(/\b((?:postrider|temporal|process|nodejs)_\w+)(?:\{([^}]*)\})?/g),
    ([, metric, chosen = '']) => ({
      metric: metric!,
      labels: [...Array.from(chosen.matchAll(/(\w+)=?[=~!]/g), ([, name]) => name!), ...grouping],
    }),
  );
}
