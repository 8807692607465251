// Compiles one component of a deal from its wire form, and lists the problems found.
import { POSITIVE_EVENTS, type Component, type EventType } from '../types.ts';
import { readCap, readTiers, type FormContext } from './component-form.ts';
import { kindOf, type WireComponent } from './components/index.ts';

/**
 * Context of a whole component. `seen` has the labels of the terms so far. `tiersPath` is the
 * path of the tiers where the terms list them outside the component.
 */
type ComponentContext = FormContext & {
  tiersPath?: (string | number)[] | undefined;
  seen: Set<string>;
};

/**
 * The compiled component; undefined where the wire form has problems, which are added to the
 * context's list. Throws for a kind that deals cannot list.
 */
export function compileComponent(wire: WireComponent, context: ComponentContext): Component | undefined {
  const { path, problems } = context;
  const { kind, slotPer, ownMetric, form } = kindOf(wire);
  const { kind: _kind, on: listed, tiers: wireTiers, cap: wireCap, ...own } = wire;
  if (form === null) throw new Error(`deals do not list components of kind ${kind}`);
  const problemsBefore = problems.length;
  const on = listed === undefined ? [...form.defaultOn] : [...new Set([listed].flat())];
  const label = labelOf(kind, on, form.labelOf?.(own) ?? '', context.seen);
  checkEvents(on, context);
  for (const [name, value] of Object.entries(wire)) {
    const isCommon =
      name === 'kind' || name === 'on' || name === 'cap' || (name === 'tiers' && form.tierField !== null);
    if (!isCommon && value !== undefined && !Object.hasOwn(form.fields, name))
      problems.push({
        path: [...path, name],
        code: 'unexpected',
        message: `a ${kind} component has no ${name}`,
      });
  }
  const tiersContext = { ...context, path: context.tiersPath ?? [...path, 'tiers'] };
  const tiers =
    wireTiers === undefined || form.tierField === null
      ? null
      : readTiers(
          wireTiers,
          { kind, ownMetric, pays: form.tierField, isPerLot: form.hasLotRates === true },
          tiersContext,
        );
  const capContext = { ...context, path: [...path, 'cap'] };
  const cap =
    wireCap === undefined ? null : readCap(wireCap, { kind, isMonthly: slotPer === 'month' }, capContext);
  const component = form.compile(own, { label, line: label, on, tiers, cap }, context);
  return problems.length === problemsBefore ? component : undefined;
}

/**
 * Labels a component by kind, events and what its kind adds: `per_lot:trade@metals`. A repeated
 * label gets a number: `cpa:ftd#2`. An event must be listed once in `on`.
 */
function labelOf(kind: string, on: readonly EventType[], part: string, seen: Set<string>): string {
  const label = `${kind}:${on.toSorted().join('+')}${part}`;
  let unique = label;
  for (let count = 2; seen.has(unique); count++) unique = `${label}#${count}`;
  seen.add(unique);
  return unique;
}

function checkEvents(on: readonly EventType[], { path, problems }: FormContext): void {
  if (on.length === 0)
    problems.push({
      path: [...path, 'on'],
      code: 'required',
      message: 'a component listens to at least one event',
    });
  for (const event of on) {
    if ((POSITIVE_EVENTS as readonly string[]).includes(event)) continue;
    problems.push({
      path: [...path, 'on'],
      code: 'unknown_event',
      message: `${event} is not an event that can earn`,
    });
  }
}
