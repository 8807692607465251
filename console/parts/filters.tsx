// Filters of a list, kept in the address, so that a filtered list can be linked to and reloaded.
import { useId, type ReactNode } from 'react';
import { useSearchParams } from 'wouter';
import { Button } from './button.tsx';
import { Empty } from './layout.tsx';

export type Filters = {
  values: Readonly<Record<string, string>>;
  areSet: boolean;
  set: (name: string, value: string) => void;
  clear: () => void;
};

/** The filters of these names that the address has; empty ones are left out. */
export function useFilters(names: readonly string[]): Filters {
  const [search, setSearch] = useSearchParams();
  const values = Object.fromEntries(
    names.flatMap((name): [string, string][] => {
      const value = search.get(name);
      return value ? [[name, value]] : [];
    }),
  );
  const change = (edit: (search: URLSearchParams) => void) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        edit(after);
        return after;
      },
      { replace: true },
    );
  return {
    values,
    areSet: Object.keys(values).length > 0,
    set: (name, value) => change((to) => (value === '' ? to.delete(name) : to.set(name, value))),
    clear: () => change((to) => names.forEach((name) => to.delete(name))),
  };
}

export function FilterBar({ filters, children }: { filters: Filters; children: ReactNode }) {
  return (
    <form className="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      {children}
      {filters.areSet && <Button onClick={filters.clear}>Clear</Button>}
    </form>
  );
}

/** In place of a filtered list without rows. */
export function NoneFits({ one }: { one: string }) {
  return <Empty title={`No ${one} fits these filters.`}>Take one of them away.</Empty>;
}

type FieldProps = { filters: Filters; name: string; label: string };

export function SelectFilter({
  filters,
  name,
  label,
  options,
  all = 'All',
}: FieldProps & {
  options: readonly (readonly [value: string, label: string])[];
  /** The choice that is no filter. */
  all?: string;
}) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={filters.values[name] ?? ''}
        onChange={(event) => filters.set(name, event.target.value)}
      >
        <option value="">{all}</option>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

/** Takes effect when it is left or Enter is pressed, so that half an id is not looked up. */
export function TextFilter({ filters, name, label, hint }: FieldProps & { hint?: string }) {
  const id = useId();
  const value = filters.values[name] ?? '';
  const commit = (input: HTMLInputElement) => filters.set(name, input.value.trim());
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        key={value}
        defaultValue={value}
        placeholder={hint}
        spellCheck={false}
        onBlur={(event) => commit(event.target)}
        onKeyDown={(event) => event.key === 'Enter' && commit(event.currentTarget)}
      />
    </div>
  );
}
