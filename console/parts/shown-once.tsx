// A secret that is shown this once, with a button that copies it.
import { Copy } from './values.tsx';

export function ShownOnce({ what, secret }: { what: string; secret: string }) {
  return (
    <div className="stack" role="status">
      <p>{what}, shown this once:</p>
      <p className="row">
        <code className="break">{secret}</code>
        <Copy text={secret} label="Copy" />
      </p>
    </div>
  );
}
