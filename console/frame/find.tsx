// The search box: an id, the name of a workflow from the Temporal UI, or a transaction leads to its
// page.
import { useRef, type FormEvent } from 'react';
import { useLocation } from 'wouter';
import { placeIn } from '../format/places.ts';

export function Find({ onFound }: { onFound: () => void }) {
  const [, navigate] = useLocation();
  const input = useRef<HTMLInputElement>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const text = input.current!.value.trim();
    if (text === '') return;
    navigate(placeIn(text) ?? `/events?${new URLSearchParams({ transaction_id: text }).toString()}`);
    input.current!.value = '';
    onFound();
  };
  return (
    <form role="search" aria-label="Find" onSubmit={submit}>
      <input
        ref={input}
        id="find"
        type="search"
        aria-label="Id, workflow or transaction"
        placeholder="Id or transaction"
        title="Key: /"
        spellCheck={false}
        autoComplete="off"
      />
    </form>
  );
}
