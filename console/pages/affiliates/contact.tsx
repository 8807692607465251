// E-mail, tax number and country of an affiliate, as fields of a form.
import { TextField } from '../../parts/form.tsx';
import type { Affiliate } from './affiliate-types.ts';

/** Empty: none. */
type Contact = { email: string; tax_id: string; country: string };

export const NO_CONTACT: Contact = { email: '', tax_id: '', country: '' };

export function contactOf({ email, tax_id: taxId, country }: Affiliate): Contact {
  return { email: email ?? '', tax_id: taxId ?? '', country: country ?? '' };
}

/** As the API takes it, of a new affiliate and of a change. */
export function givenOf({ email, tax_id: taxId, country }: Contact) {
  return {
    email: email.trim() || null,
    tax_id: taxId.trim() || null,
    country: country.trim() || null,
  };
}

type ContactProps = { value: Contact; onChange: (value: Contact) => void };

export function ContactFields({ value, onChange }: ContactProps) {
  const set = (name: keyof Contact) => (text: string) => onChange({ ...value, [name]: text });
  return (
    <>
      <TextField
        label="E-mail"
        value={value.email}
        onChange={set('email')}
        help="For you to write to: nothing is sent there. May be left out."
      />
      <TextField
        label="Tax number"
        value={value.tax_id}
        onChange={set('tax_id')}
        help="On its statements. May be left out."
      />
      <TextField label="Country" value={value.country} onChange={set('country')} hint="DE" />
    </>
  );
}
