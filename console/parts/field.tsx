// A field with its label and its help, tied together for screen readers.
import { useId, type ReactNode } from 'react';

/** Attributes of the input that its label and its help belong to. */
type Tied = { id: string; 'aria-describedby': string | undefined };

type FieldProps = {
  label: string;
  help?: ReactNode;
  /** The input, with these attributes. */
  children: (tied: Tied) => ReactNode;
};

export function Field({ label, help, children }: FieldProps) {
  const id = useId();
  const helpId = `${id}-help`;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-describedby': help ? helpId : undefined })}
      {help && <small id={helpId}>{help}</small>}
    </div>
  );
}
