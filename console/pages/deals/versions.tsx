// The versions of a deal side by side, with what changed from one to the next.
import { Panel } from '../../parts/layout.tsx';
import { Time } from '../../parts/values.tsx';
import { compare, type Version } from './terms.ts';

export function Versions({ versions }: { versions: readonly Version[] }) {
  return (
    <Panel
      title="Versions"
      about={versions.length > 1 ? 'What differs from the version before is marked.' : 'The only one so far.'}
      bare
    >
      {/* Of many versions only a part fits: it is scrolled by the keyboard too. */}
      <div className="table-scroll" tabIndex={0} role="region" aria-label="Versions side by side">
        <table className="compared">
          <thead>
            <tr>
              <th>Term</th>
              {versions.map(({ version, effective_from: from }) => (
                <th key={version}>
                  Version {version}
                  <div className="small">
                    {Date.parse(from) === 0 ? (
                      'from the beginning'
                    ) : (
                      <>
                        from <Time at={from} />
                      </>
                    )}
                  </div>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {compare(versions).map(({ path, cells }) => (
              <tr key={path}>
                <th scope="row">{path}</th>
                {cells.map(({ value, isChanged }, index) => (
                  <td key={index}>
                    {isChanged ? (
                      <mark>
                        {value ?? 'gone'}
                        <span className="only-read"> (changed)</span>
                      </mark>
                    ) : (
                      (value ?? <span className="muted">–</span>)
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
