// One bounty per customer: of the CPAs that an affiliate's versions and deals offer for the same
// events, a customer earns the first only.
import type { Component, DealVersion } from '../types.ts';
import { kindOf } from './components/index.ts';
import { isBefore, type Group } from './group.ts';

/** A component that pays once per customer, in a version that offers it. */
export type Bounty = { version: DealVersion; component: Component };

/**
 * A customer's slot of a bounty; `conversion` qualifies the customer before reversals, null while
 * none does.
 */
export type Claim = Bounty & { id: string; key: string; conversion: Group | null };

/**
 * Whether a customer can earn only one of two bounties: their events overlap, and neither's version
 * offers both, side by side. A bounty is known by its label, whatever a version pays for it.
 */
export function areRivals(a: Bounty, b: Bounty): boolean {
  if (!a.component.on.some((type) => b.component.on.includes(type))) return false;
  return a.version.dealId !== b.version.dealId || !(offers(a.version, b) || offers(b.version, a));
}

/**
 * The bounties of an affiliate's versions that have a rival of another deal or label, one for each
 * deal and label. Slots of the same deal and label are one slot, which needs no rival.
 */
export function contestedBounties(versions: readonly DealVersion[]): Bounty[] {
  const all = versions.flatMap((version) =>
    bountiesOf(version).map((component): Bounty => ({ version, component })),
  );
  const contested = new Map<string, Bounty>();
  for (const one of all) {
    const name = `${one.version.dealId} ${one.component.label}`;
    if (!contested.has(name) && all.some((other) => areRivals(one, other))) contested.set(name, one);
  }
  return [...contested.values()];
}

/**
 * The claims of one customer that earn nothing, by id, each with the conversion that earned before
 * it. The claim whose conversion is earliest holds, also when that conversion was reversed since.
 */
export function claimsLost(claims: readonly Claim[]): Map<string, Group> {
  const lost = new Map<string, Group>();
  const holding: (Claim & { conversion: Group })[] = [];
  const qualified = claims.flatMap((claim) =>
    claim.conversion === null ? [] : [{ ...claim, conversion: claim.conversion }],
  );
  for (const claim of qualified.toSorted(byConversion)) {
    const holder = holding.find((other) => areRivals(other, claim));
    if (holder) lost.set(claim.id, holder.conversion);
    else holding.push(claim);
  }
  return lost;
}

type Qualified = { key: string; conversion: Group };

function byConversion(a: Qualified, b: Qualified): number {
  const [of, other] = [a.conversion.accrual, b.conversion.accrual];
  if (of.eventId === other.eventId) return a.key < b.key ? -1 : 1;
  return isBefore(of, other) ? -1 : 1;
}

function bountiesOf({ terms }: DealVersion): Component[] {
  return terms.components.filter((component) => kindOf(component).slotPer === 'customer');
}

function offers(version: DealVersion, { component }: Bounty): boolean {
  return bountiesOf(version).some(({ label }) => label === component.label);
}
