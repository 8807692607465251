// Compiles one component of a deal from its wire form, and lists what is wrong with it.
import { POSITIVE_EVENTS, type Component, type EventType } from '../types.ts';
import { capOf, tiersOf, type Place } from './component-form.ts';
import { kindOf, type WireComponent } from './components/index.ts';

/**
 * Where a component stands in its terms. `seen` counts names; `tiersPath` is given where its tiers
 * stand elsewhere.
 */
type ComponentPlace = Place & { tiersPath?: (string | number)[] | undefined; seen: Map<string, number> };

/** The component, or undefined with its problems added to those of the place. */
export function compileComponent(wire: WireComponent, place: ComponentPlace): Component | undefined {
  const { path, problems } = place;
  const { kind, slotPer, ownMetric, form } = kindOf(wire);
  const { kind: _kind, on: listed, tiers: wireTiers, cap: wireCap, ...own } = wire;
  if (form === null) throw new Error(`deals do not list components of kind ${kind}`);
  const before = problems.length;
  const on = listed === undefined ? [...form.defaultOn] : [listed].flat();
  const label = labelOf(kind, on, place.seen);
  checkEvents(on, place);
  for (const [name, value] of Object.entries(wire)) {
    const isCommon =
      name === 'kind' || name === 'on' || name === 'cap' || (name === 'tiers' && form.steps !== null);
    if (!isCommon && value !== undefined && !Object.hasOwn(form.fields, name))
      problems.push({
        path: [...path, name],
        code: 'unexpected',
        message: `a ${kind} component has no ${name}`,
      });
  }
  const tiersPlace = { ...place, path: place.tiersPath ?? [...path, 'tiers'] };
  const tiers =
    wireTiers === undefined || form.steps === null
      ? null
      : tiersOf(wireTiers, { kind, ownMetric, pays: form.steps }, tiersPlace);
  const capPlace = { ...place, path: [...path, 'cap'] };
  const cap =
    wireCap === undefined ? null : capOf(wireCap, { kind, isMonthly: slotPer === 'month' }, capPlace);
  const component = form.compile(own, { label, on, tiers, cap }, place);
  return problems.length === before ? component : undefined;
}

/**
 * Names a component by kind and events, so that the same component of the next version continues
 * it; the second of a name gets a number.
 */
function labelOf(kind: string, on: readonly EventType[], seen: Map<string, number>): string {
  const name = `${kind}:${on.toSorted().join('+')}`;
  const count = (seen.get(name) ?? 0) + 1;
  seen.set(name, count);
  return count === 1 ? name : `${name}#${count}`;
}

function checkEvents(on: readonly EventType[], { path, problems }: Place): void {
  if (on.length === 0)
    problems.push({
      path: [...path, 'on'],
      code: 'required',
      message: 'a component listens to at least one event',
    });
  for (const event of new Set(on)) {
    if ((POSITIVE_EVENTS as readonly string[]).includes(event)) continue;
    problems.push({
      path: [...path, 'on'],
      code: 'unknown_event',
      message: `${event} is not an event that can earn`,
    });
  }
}
