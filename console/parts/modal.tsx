// A modal dialog of Ariakit: focus, keys and roles. Loaded when the first dialog opens.
import { Dialog as AriakitDialog, DialogHeading } from '@ariakit/react';
import type { ReactNode } from 'react';

export type ModalProps = { title: string; onClose: () => void; wide?: boolean; children: ReactNode };

/** Open as long as it is rendered. */
export function Modal({ title, onClose, wide = false, children }: ModalProps) {
  return (
    <AriakitDialog
      open
      onClose={onClose}
      backdrop={<div className="backdrop" />}
      className="dialog"
      data-wide={wide || undefined}
    >
      <DialogHeading>{title}</DialogHeading>
      {children}
    </AriakitDialog>
  );
}
