// Dialogs: a plain one, and the one that every write passes, which says what is concerned, shows
// progress, and then the result.
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { Button, type ButtonKind } from './button.tsx';
import { Failure } from './layout.tsx';
import type { ModalProps } from './modal.tsx';

const Modal = lazy(async () => ({ default: (await import('./modal.tsx')).Modal }));

/** Open as long as it is rendered. */
export function Dialog(props: ModalProps) {
  return (
    <Suspense fallback={null}>
      <Modal {...props} />
    </Suspense>
  );
}

type ConfirmProps<Result> = {
  title: string;
  /** What is concerned, in numbers, and what happens to it. */
  children: ReactNode;
  /** The verb with its number: `Retry 10,000 postbacks`. */
  confirm: string;
  kind?: ButtonKind;
  wide?: boolean;
  isReady?: boolean;
  run: () => Promise<Result>;
  /** What came of it; without it the dialog closes when `run` is done. */
  result?: (result: Result) => ReactNode;
  onClose: () => void;
};

export function Confirm<Result>(props: ConfirmProps<Result>) {
  const { title, children, confirm, kind = 'primary', wide, isReady = true, run, result, onClose } = props;
  const [phase, setPhase] = useState<Phase<Result>>({ kind: 'asked' });
  const go = async () => {
    setPhase({ kind: 'running' });
    try {
      const done = await run();
      if (result) setPhase({ kind: 'done', result: done });
      else onClose();
    } catch (error) {
      setPhase({ kind: 'failed', error });
    }
  };
  return (
    <Dialog title={title} onClose={onClose} {...(wide && { wide })}>
      {phase.kind === 'done' ? result?.(phase.result) : children}
      {phase.kind === 'failed' && <Failure error={phase.error} />}
      <div className="dialog-foot">
        <Button onClick={onClose}>{phase.kind === 'done' ? 'Close' : 'Cancel'}</Button>
        {phase.kind !== 'done' && (
          <Button
            kind={kind}
            autoFocus
            disabled={phase.kind === 'running' || !isReady}
            onClick={() => void go()}
          >
            {phase.kind === 'running' ? 'Under way…' : confirm}
          </Button>
        )}
      </div>
    </Dialog>
  );
}

type Phase<Result> =
  | { kind: 'asked' }
  | { kind: 'running' }
  | { kind: 'done'; result: Result }
  | { kind: 'failed'; error: unknown };
