// Fields of forms, each with its label, its help, and what is wrong with it.
import type { ReactNode } from 'react';
import { Field } from './field.tsx';

type FieldProps = {
  label: string;
  value: string;
  onChange: (value: string) => void;
  help?: ReactNode;
  hint?: string;
  isWrong?: boolean;
};

type InputProps = FieldProps & {
  type?: 'text' | 'password' | 'datetime-local' | 'month';
  /** Offered while a person types, each with what it means. */
  offers?: readonly (readonly [value: string, meaning: string])[];
};

/** One line of text. Blanks around it are not part of it. */
export function TextField(props: InputProps) {
  const { label, value, onChange, help, hint, isWrong = false, type = 'text', offers } = props;
  return (
    <Field label={label} help={help}>
      {(tied) => (
        <>
          <input
            {...tied}
            type={type}
            value={value}
            placeholder={hint}
            spellCheck={false}
            autoComplete="off"
            aria-invalid={isWrong}
            list={offers ? `${tied.id}-offers` : undefined}
            onChange={({ target }) => onChange(target.value)}
            onBlur={({ target }) => target.value !== target.value.trim() && onChange(target.value.trim())}
          />
          {offers && (
            <datalist id={`${tied.id}-offers`}>
              {offers.map(([offer, meaning]) => (
                <option key={offer} value={offer}>
                  {meaning}
                </option>
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
}

/** Several lines of code; `rows`: at least so many are shown. */
export function CodeField(props: FieldProps & { rows?: number }) {
  const { label, value, onChange, help, hint, isWrong = false, rows = 8 } = props;
  return (
    <Field label={label} help={help}>
      {(tied) => (
        <textarea
          {...tied}
          className="code"
          value={value}
          placeholder={hint}
          rows={Math.min(28, Math.max(rows, value.split('\n').length + 1))}
          spellCheck={false}
          aria-invalid={isWrong}
          onChange={({ target }) => onChange(target.value)}
        />
      )}
    </Field>
  );
}

/** A moment of UTC; empty is none. `value` is as RFC 3339 has it. */
export function TimeField({ label, value, onChange, help }: Omit<FieldProps, 'hint' | 'isWrong'>) {
  return (
    <TextField
      label={`${label} (UTC)`}
      type="datetime-local"
      value={value.replace(/Z$/, '')}
      onChange={(local) => onChange(local === '' ? '' : `${local.length === 16 ? `${local}:00` : local}Z`)}
      help={help}
    />
  );
}

type SelectProps<Value extends string> = {
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  options: readonly (readonly [value: Value, label: string])[];
  help?: ReactNode;
};

export function SelectField<Value extends string>(props: SelectProps<Value>) {
  const { label, value, onChange, options, help } = props;
  return (
    <Field label={label} help={help}>
      {(tied) => (
        <select {...tied} value={value} onChange={({ target }) => onChange(target.value as Value)}>
          {options.map(([one, text]) => (
            <option key={one} value={one}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

type FileProps = {
  label: string;
  /** As `accept` of HTML: endings and media types. */
  accept: string;
  onChange: (file: File | null) => void;
  help?: ReactNode;
};

/** One file of the person's own. */
export function FileField({ label, accept, onChange, help }: FileProps) {
  return (
    <Field label={label} help={help}>
      {(tied) => (
        <input
          {...tied}
          type="file"
          accept={accept}
          onChange={({ target }) => onChange(target.files?.[0] ?? null)}
        />
      )}
    </Field>
  );
}

type ChoiceProps = {
  label: string;
  isChosen: boolean;
  onChange: (isChosen: boolean) => void;
  help?: ReactNode;
};

/** Yes or no. */
export function Choice({ label, isChosen, onChange, help }: ChoiceProps) {
  return (
    <label className="choice">
      <input type="checkbox" checked={isChosen} onChange={({ target }) => onChange(target.checked)} />
      <span>
        {label}
        {help && <small>{help}</small>}
      </span>
    </label>
  );
}
