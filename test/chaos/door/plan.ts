// Plan of a run at the door: kills of the APIs and of PostgreSQL, freezes, and broken connections
// to PostgreSQL, decided by the seed.
import { generator } from '../../support/generator.ts';
import type { CableName, Fault, PartName, Step } from '../plan.ts';

export const DOOR_PARTS = ['api-1', 'api-2', 'postgres'] as const satisfies readonly PartName[];
const CABLES: readonly CableName[] = ['api-1>postgres', 'api-2>postgres'];
/** Longer than an API waits for PostgreSQL, so that a statement takes effect after its refusal. */
const FREEZE_MS = 3200;
const CUT_MS = 500;

/** For every three kills, one of each part: a freeze, and a cut or a half-open connection. */
export function doorPlanOf(seed: number, { kills }: { kills: number }): Step[] {
  const next = generator(seed);
  const steps = Array.from({ length: Math.ceil(kills / 3) }, (_, round) => {
    const cable = CABLES[round % CABLES.length]!;
    const killed = DOOR_PARTS.slice(0, Math.min(3, kills - 3 * round));
    const faults: Fault[] = [
      ...killed.map((target) => ({ kind: 'kill' as const, target, lastsMs: 0 })),
      { kind: 'freeze', target: DOOR_PARTS[round % 3 === 0 ? 2 : round % 2]!, lastsMs: FREEZE_MS },
      { kind: round % 2 === 0 ? 'cut' : 'half-open', target: cable, lastsMs: CUT_MS, delayMs: 0 },
    ];
    return faults
      .map((fault) => ({ fault, place: next() }))
      .sort((a, b) => a.place - b.place)
      .map(({ fault }): Step => ({ pauseMs: 0, faults: [fault] }));
  });
  return steps.flat();
}

/** Kills an API, then PostgreSQL. */
export const shortDoorPlan: readonly Step[] = (['api-1', 'postgres'] as const).map((target) => ({
  pauseMs: 0,
  faults: [{ kind: 'kill', target, lastsMs: 0 }],
}));
