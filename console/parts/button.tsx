// Buttons, and links that look like them.
import type { ButtonHTMLAttributes, ReactNode } from 'react';

export type ButtonKind = 'plain' | 'primary' | 'danger' | 'quiet';

type ButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'type'> & {
  kind?: ButtonKind;
  submit?: boolean;
  children: ReactNode;
};

export function Button({ kind = 'plain', submit = false, ...rest }: ButtonProps) {
  return <button {...rest} type={submit ? 'submit' : 'button'} className="button" data-kind={kind} />;
}
