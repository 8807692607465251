// A button that saves a file, and says why it cannot.
import { useState } from 'react';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Failure } from './layout.tsx';

/** `run` reads the file and saves it. */
export function Download({ label, run }: { label: string; run: () => Promise<void> }) {
  const [isRunning, setRunning] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const go = async () => {
    setRunning(true);
    try {
      await run();
    } catch (failure) {
      setError(failure);
    } finally {
      setRunning(false);
    }
  };
  return (
    <>
      <Button disabled={isRunning} onClick={() => void go()}>
        {isRunning ? 'Reading…' : label}
      </Button>
      {error !== null && (
        <Dialog title={`${label}: not possible`} onClose={() => setError(null)}>
          <Failure error={error} />
          <div className="dialog-foot">
            <Button onClick={() => setError(null)}>Close</Button>
          </div>
        </Dialog>
      )}
    </>
  );
}
