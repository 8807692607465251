// The filter of a list by affiliate: typed by a part of its name or by its id, and shown by name.
import { useState } from 'react';
import { isId } from '../../format/places.ts';
import type { Filters } from '../../parts/filters.tsx';
import { Field } from '../../parts/field.tsx';
import { api, client } from '../../wire/client.ts';
import { useAffiliateName } from '../../wire/names.ts';

const OFFERED = 20;
const NAME = 'affiliate_id';

/**
 * Takes effect when an affiliate is chosen, or where one fits when the field is left or Enter is
 * pressed.
 */
export function AffiliateFilter({ filters }: { filters: Filters }) {
  const id = filters.values[NAME] ?? '';
  const name = useAffiliateName(id, isId(id));
  /** Null while nobody types. */
  const [typed, setTyped] = useState<string | null>(null);
  const wanted = typed?.trim() ?? '';
  const query = { limit: OFFERED, ...(wanted && { q: wanted }) };
  const found = api.useQuery('get', '/v1/affiliates', { params: { query } }, { enabled: typed !== null });
  const offers = found.data?.data ?? [];
  const choose = (chosen: string) => {
    setTyped(null);
    if (chosen !== id) filters.set(NAME, chosen);
  };
  /** Asks anew, since what was typed last may not be looked up yet. */
  const commit = async () => {
    if (typed === null) return;
    if (wanted === '' || isId(wanted)) return choose(wanted);
    const { data } = await client.GET('/v1/affiliates', { params: { query } });
    const fitting = data!.data;
    const same = fitting.filter((one) => one.name.toLowerCase() === wanted.toLowerCase());
    const [only, ...others] = same.length > 0 ? same : fitting;
    if (only && others.length === 0) choose(only.id);
  };
  const isWrong = wanted !== '' && found.isSuccess && offers.length === 0 && !isId(wanted);
  const several = wanted !== '' && offers.length > 1 ? 'Several fit: choose one.' : undefined;
  return (
    <Field label="Affiliate" help={isWrong ? 'No affiliate is called so.' : several}>
      {(tied) => (
        <>
          <input
            {...tied}
            value={typed ?? name ?? id}
            title={id || undefined}
            placeholder="a part of its name"
            list={`${tied.id}-offers`}
            spellCheck={false}
            autoComplete="off"
            aria-invalid={isWrong}
            onFocus={(event) => event.target.select()}
            onChange={({ target }) => (isId(target.value) ? choose(target.value) : setTyped(target.value))}
            onBlur={() => void commit()}
            onKeyDown={({ key }) => key === 'Enter' && void commit()}
          />
          <datalist id={`${tied.id}-offers`}>
            {offers.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}
