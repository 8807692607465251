// The affiliates' portal for a visitor without a session.
import { Mark } from '../frame/mark.tsx';

export function Portal() {
  return (
    <main className="sign-in">
      <div className="panel">
        <div className="row">
          <Mark size={32} />
          <h1>Affiliate portal</h1>
        </div>
        <p>Open the link that your operator gave you.</p>
      </div>
    </main>
  );
}
