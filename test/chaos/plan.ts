// Plan of a chaos run: which faults happen in which order, decided by the seed alone.
import { generator } from '../support/generator.ts';

export const PARTS = ['api-1', 'api-2', 'worker-1', 'worker-2', 'temporal', 'postgres'] as const;
export type PartName = (typeof PARTS)[number];

/** Connections that go through a proxy, by who makes them and to whom. */
export const CABLES = [
  ...(['api-1', 'api-2', 'worker-1', 'worker-2'] as const).flatMap((part) => [
    `${part}>postgres` as const,
    `${part}>temporal` as const,
  ]),
  'callers>api-1' as const,
  'callers>api-2' as const,
];
export type CableName = (typeof CABLES)[number];

interface PartFault {
  readonly kind: 'kill' | 'freeze';
  readonly target: PartName;
  readonly lastsMs: number;
}

interface CableFault {
  readonly kind: 'cut' | 'delay' | 'half-open';
  readonly target: CableName;
  readonly lastsMs: number;
  /** Of a delay: how long each message is held back. */
  readonly delayMs: number;
}

export type Fault = PartFault | CableFault;

/** The fault of a kind. */
export type FaultOf<K extends Fault['kind']> = K extends PartFault['kind'] ? PartFault : CableFault;

/** Faults that happen together, after a pause in which everything may work. */
export interface Step {
  readonly pauseMs: number;
  readonly faults: readonly Fault[];
}

const LONG_FREEZE_MS = 13_000;
const CABLE_KINDS = ['cut', 'half-open', 'delay', 'cut', 'half-open'] as const;

/**
 * As many other faults as kills. Every part is killed as often as every other, give or take one, as
 * are parts frozen and cables hit. One freeze in six outlasts Temporal's time limit for a worker.
 * One step in four has two faults; in a dense plan, each has three.
 */
export function planOf(
  seed: number,
  { kills, isDense = false }: { kills: number; isDense?: boolean },
): Step[] {
  const next = generator(seed);
  const between = (from: number, to: number): number => Math.round(from + next() * (to - from));
  const deck = <T>(cards: readonly T[], count: number): T[] => {
    const dealt: T[] = [];
    while (dealt.length < count) dealt.push(...shuffled(cards, next));
    return dealt.slice(0, count);
  };
  const freezes = Math.ceil(kills / 2);
  const faults: Fault[] = [
    ...deck(PARTS, kills).map((target) => ({ kind: 'kill' as const, target, lastsMs: 0 })),
    ...deck(PARTS, freezes).map((target, index) => ({
      kind: 'freeze' as const,
      target,
      lastsMs: index % 6 === 2 ? LONG_FREEZE_MS : between(300, 3500),
    })),
    ...deck(CABLES, kills - freezes).map((target, index) => ({
      kind: CABLE_KINDS[index % CABLE_KINDS.length]!,
      target,
      lastsMs: between(300, 3500),
      delayMs: between(20, 400),
    })),
  ];
  const beside = isDense ? () => 2 : () => (next() < 0.25 ? 1 : 0);
  return stepsOf(shuffled(faults, next), beside, between);
}

/** One fault of each of the main kinds, one after the other: where each hits, the seed decides. */
export function shortPlanOf(seed: number): Step[] {
  const next = generator(seed);
  const one = <T extends PartName | CableName>(...places: readonly T[]): T => shuffled(places, next)[0]!;
  const pauseMs = 1000;
  const faults: Fault[] = [
    { kind: 'kill', target: one('api-1', 'api-2'), lastsMs: 0 },
    { kind: 'kill', target: one('worker-1', 'worker-2'), lastsMs: 0 },
    { kind: 'freeze', target: one(...PARTS), lastsMs: 2500 },
    { kind: 'cut', target: one(...CABLES), lastsMs: 2500, delayMs: 0 },
  ];
  return shuffled(faults, next).map((fault) => ({ pauseMs, faults: [fault] }));
}

/** Each step has a fault and, at other places, so many `beside` it. */
function stepsOf(
  faults: readonly Fault[],
  beside: () => number,
  between: (from: number, to: number) => number,
): Step[] {
  const waiting = [...faults];
  const steps: Step[] = [];
  while (waiting.length > 0) {
    const together = waiting.splice(0, 1);
    for (let more = beside(); more > 0; more -= 1) {
      const other = waiting.findIndex(({ target }) => together.every((fault) => fault.target !== target));
      if (other >= 0) together.push(...waiting.splice(other, 1));
    }
    steps.push({ pauseMs: between(100, 1800), faults: together });
  }
  return steps;
}

function shuffled<T>(items: readonly T[], next: () => number): T[] {
  return items
    .map((item) => ({ item, place: next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
