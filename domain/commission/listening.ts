// Listening: which components of a deal pay for an event, by its type and by what was traded.
import type { Component, ConversionEvent, SymbolRule } from '../types.ts';
import { kindOf } from './components/index.ts';
import { isNamed } from './symbols.ts';

/** Fields of an event that decide which components listen to it. */
export type Traded = Pick<ConversionEvent, 'type' | 'symbol' | 'symbolGroup'>;

/**
 * Components that pay for an event. A component with symbols takes events that it names. One of the
 * same kind without symbols takes those that no other names.
 */
export function listeningTo(components: readonly Component[], event: Traded): Component[] {
  const listening = components.filter(({ on }) => on.includes(event.type));
  if (!hasSymbols(listening)) return listening;
  const namedBy = (one: Component): boolean => {
    const rule = symbolsOf(one);
    return rule !== null && isNamed(rule, event);
  };
  return listening.filter((one) => {
    if (!mayHaveSymbols(one)) return true;
    if (symbolsOf(one) !== null) return namedBy(one);
    return !listening.some((other) => other.kind === one.kind && namedBy(other));
  });
}

/** Whether one of these components is for some symbols. */
export function hasSymbols(components: readonly Component[]): boolean {
  return components.some((one) => symbolsOf(one) !== null);
}

/** Whether symbols can decide which components of this kind take an event. */
export function mayHaveSymbols(component: Component): boolean {
  return kindOf(component).symbolsOf !== undefined;
}

function symbolsOf(component: Component): SymbolRule | null {
  return kindOf(component).symbolsOf?.(component) ?? null;
}
