// Sign-in with an operator's API key or the administrator token. The key goes to the API once and
// is kept nowhere in the browser.
import { useState, type FormEvent } from 'react';
import { Button } from '../parts/button.tsx';
import { Field } from '../parts/field.tsx';
import { useSignIn } from '../wire/session.ts';
import { ApiError } from '../wire/errors.ts';
import { Failure } from '../parts/layout.tsx';
import { Mark } from './mark.tsx';

export function SignIn() {
  const signIn = useSignIn();
  const [key, setKey] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate(key.trim());
  };
  const isWrong = signIn.error instanceof ApiError && signIn.error.status === 401;
  return (
    <main className="sign-in">
      <form className="panel" onSubmit={submit}>
        <div className="row">
          <Mark size={32} />
          <h1>Postrider console</h1>
        </div>
        <Field
          label="API key"
          help={
            <>
              An operator’s key, as <code>POST /v1/operators</code> or <code>POST /v1/api-keys</code> returned
              it. <code>npm start</code> prints that of the demo. The session ends when the key does.
            </>
          }
        >
          {(tied) => (
            <input
              {...tied}
              type="password"
              autoComplete="current-password"
              autoFocus
              required
              spellCheck={false}
              value={key}
              aria-invalid={isWrong}
              onChange={(event) => setKey(event.target.value)}
            />
          )}
        </Field>
        {isWrong && (
          <div className="notice" data-tone="bad" role="alert">
            This key is not valid: it was mistyped, revoked, or it has ended.
          </div>
        )}
        {signIn.isError && !isWrong && <Failure error={signIn.error} />}
        <Button kind="primary" submit disabled={signIn.isPending}>
          {signIn.isPending ? 'Signing in…' : 'Sign in'}
        </Button>
      </form>
    </main>
  );
}
