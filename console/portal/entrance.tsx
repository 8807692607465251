// Entrance of the portal for a visitor without a session: what to do, and sign-in with a key.
import { useState, type FormEvent } from 'react';
import { Mark } from '../frame/mark.tsx';
import { Button } from '../parts/button.tsx';
import { TextField } from '../parts/form.tsx';
import { Failure } from '../parts/layout.tsx';
import { ApiError } from '../wire/errors.ts';
import { useSignIn } from '../wire/session.ts';

type EntranceProps = {
  /** Why the link did not open it. */
  error?: unknown;
  /** The session is of another operator than the address. */
  isAnothers?: boolean;
};

export function Entrance({ error, isAnothers = false }: EntranceProps) {
  const ended = error instanceof ApiError && error.status === 401 ? error : null;
  return (
    <main className="sign-in">
      <div className="panel">
        <div className="row">
          <Mark size={32} />
          <h1>Affiliate portal</h1>
        </div>
        {ended && (
          <div className="notice" data-tone="warn" role="alert">
            <span className="sentence">{ended.message}.</span> A link works for one hour after it was made.
          </div>
        )}
        {error !== undefined && ended === null && <Failure error={error} />}
        {isAnothers && (
          <div className="notice" data-tone="warn" role="alert">
            You are signed in with another operator. Open the link of this one.
          </div>
        )}
        {ended === null && <p>Open the link that your operator gave you.</p>}
        <WithKey />
      </div>
    </main>
  );
}

/** A key that the operator made for the affiliate. It goes to the API once and is kept nowhere. */
function WithKey() {
  const signIn = useSignIn();
  const [key, setKey] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate(key.trim());
  };
  const isWrong = signIn.error instanceof ApiError && signIn.error.status === 401;
  return (
    <details>
      <summary>Or sign in with an API key of yours</summary>
      <form className="stack" onSubmit={submit}>
        <TextField label="API key" type="password" value={key} onChange={setKey} isWrong={isWrong} />
        {isWrong && (
          <div className="notice" data-tone="bad" role="alert">
            <span className="sentence">{signIn.error?.message}.</span>
          </div>
        )}
        {signIn.isError && !isWrong && <Failure error={signIn.error} />}
        <div>
          <Button kind="primary" submit disabled={signIn.isPending || key.trim() === ''}>
            {signIn.isPending ? 'Signing in…' : 'Sign in'}
          </Button>
        </div>
      </form>
    </details>
  );
}
