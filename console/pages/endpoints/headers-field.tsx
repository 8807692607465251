// Headers of an endpoint as lines of text, `name: value`.
import { CodeField } from '../../parts/form.tsx';

export function headersText(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
}

/** Null where a line is no header. */
export function headersOf(text: string): Record<string, string> | null {
  const headers: Record<string, string> = {};
  for (const line of text.split('\n').filter((one) => one.trim() !== '')) {
    const [, name, value] = /^\s*([^\s:]+)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return null;
    headers[name] = value;
  }
  return headers;
}

export function HeadersField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const isWrong = headersOf(value) === null;
  return (
    <details open={value !== ''}>
      <summary>Headers</summary>
      <CodeField
        label="Headers, one a line"
        value={value}
        onChange={onChange}
        hint="authorization: Bearer …"
        help={
          isWrong
            ? 'A line must be a name, a colon and a value.'
            : 'Sent with each postback. May be left out.'
        }
        isWrong={isWrong}
      />
    </details>
  );
}
