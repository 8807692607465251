// Filters of a list, kept in the address, so that a filtered list can be linked to and reloaded.
import { useEffect, useRef, type ReactNode } from 'react';
import { useSearchParams } from 'wouter';
import { Button } from './button.tsx';
import { Field } from './field.tsx';
import { SelectField } from './form.tsx';
import { Empty } from './layout.tsx';

export type Filters = {
  values: Readonly<Record<string, string>>;
  areSet: boolean;
  set: (name: string, value: string) => void;
  /** Several at once. */
  setAll: (values: Readonly<Record<string, string>>) => void;
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
  const setAll = (given: Readonly<Record<string, string>>) =>
    change((to) => {
      for (const [name, value] of Object.entries(given))
        if (value === '') to.delete(name);
        else to.set(name, value);
    });
  return {
    values,
    areSet: Object.keys(values).length > 0,
    set: (name, value) => setAll({ [name]: value }),
    setAll,
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
  return (
    <SelectField
      label={label}
      value={filters.values[name] ?? ''}
      onChange={(value) => filters.set(name, value)}
      options={[['', all], ...options]}
    />
  );
}

/** Takes effect when it is left or Enter is pressed, so that half an id is not looked up. */
export function TextFilter({ filters, name, label, hint }: FieldProps & { hint?: string }) {
  const value = filters.values[name] ?? '';
  const commit = (input: HTMLInputElement) => filters.set(name, input.value.trim());
  return (
    <Field label={label}>
      {(tied) => (
        <input
          {...tied}
          key={value}
          defaultValue={value}
          placeholder={hint}
          spellCheck={false}
          onBlur={(event) => commit(event.target)}
          onKeyDown={(event) => event.key === 'Enter' && commit(event.currentTarget)}
        />
      )}
    </Field>
  );
}

/** Years of one to three digits are on the way to one of four. */
const WHOLE_DAY = /^[1-9]\d{3}-\d\d-\d\d$/;

/** A day. Takes effect when it is whole; one that was taken away, when the field is left. */
export function DayFilter({ filters, name, label }: FieldProps) {
  const input = useRef<HTMLInputElement>(null);
  const value = filters.values[name] ?? '';
  // Not made anew for another value, which would take the focus from whoever is typing.
  useEffect(() => {
    if (input.current!.value !== value) input.current!.value = value;
  }, [value]);
  return (
    <Field label={label}>
      {(tied) => (
        <input
          {...tied}
          ref={input}
          type="date"
          defaultValue={value}
          onChange={({ target }) => WHOLE_DAY.test(target.value) && filters.set(name, target.value)}
          onBlur={({ target }) => target.value === '' && value !== '' && filters.set(name, '')}
        />
      )}
    </Field>
  );
}
