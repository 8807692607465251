// An affiliate in a list: its name, which leads to its page.
import { useContext } from 'react';
import { Link } from 'wouter';
import { placeOf } from '../../format/places.ts';
import { Id, Places } from '../../parts/values.tsx';
import { useAffiliateName } from '../../wire/names.ts';

/** Looks its name up unless it is given. No link where affiliates have no page: in the portal. */
export function AffiliateLink({ id, name: given }: { id: string; name?: string | null }) {
  const place = placeOf(id, useContext(Places));
  const found = useAffiliateName(id, place !== null && !given);
  const name = given ?? found;
  if (!name) return <Id id={id} />;
  if (place === null) return <span className="break">{name}</span>;
  return (
    <Link className="break" href={place} title={id}>
      {name}
    </Link>
  );
}
