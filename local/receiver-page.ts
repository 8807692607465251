// HTML pages of the bundled receiver: the overview of received postbacks, and the landing page of
// the demo's links. Every value from outside is escaped here.
import type { InboxStats, Postback } from './inbox.ts';

/** One name on the overview. `isKnown`: with its secret. */
interface InboxView {
  name: string;
  isKnown: boolean;
  stats: InboxStats;
  recent: Postback[];
}

const STYLE = `
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1d2530}
h1{font-size:1.4rem}
h2{font-size:1.05rem;margin:2rem 0 .3rem}
p{margin:.3rem 0}
table{border-collapse:collapse;width:100%;font-size:.87rem}
th,td{text-align:left;padding:.25rem .8rem .25rem 0;border-bottom:1px solid #e3e7ec}
td.money{text-align:right;font-variant-numeric:tabular-nums}
code{font-size:.85rem}
.bad{color:#b3261e}
.quiet{color:#66717f}
`;

/**
 * Overview page: per name its counters, payout sums and latest postbacks. The page refreshes
 * itself.
 */
export function overviewPage(views: InboxView[], failing: { healed: boolean; refused: number }): string {
  const state = failing.healed
    ? '<p class="quiet">The failing endpoints are healed: they accept postbacks.</p>'
    : `<p><span class="bad">Endpoints under <code>/failing/</code> answer 503</span>
(${failing.refused} refused so far), so that a stuck postback can be seen in the Temporal UI.</p>
<form method="post" action="/heal"><button>Heal them</button></form>`;
  const sections =
    views.map(inboxSection).join('\n') || '<p class="quiet">No endpoint has been registered yet.</p>';
  return page(
    'Receiver',
    `<h1>What the affiliates' servers received</h1>
<p class="quiet">Every signature is checked, as an affiliate should, and a postback without a valid one is refused. Postbacks to a name
that is not known here are taken; paste the secret of their endpoint, and their signatures are checked too.</p>
${state}\n${sections}`,
    '<meta http-equiv="refresh" content="5">',
  );
}

/** Landing page of the demo's links: shows the click id and every other parameter. */
export function landingPage(query: URLSearchParams): string {
  const clickId = query.get('click_id');
  const intro = clickId
    ? `<p>This visitor came with click id <code>${escapeHtml(clickId)}</code>.
Send it with the registration event and the customer is bound to the affiliate.</p>`
    : '<p>This visitor came without a click id.</p>';
  const rows = [...query].map(
    ([name, value]) => `<tr><th>${escapeHtml(name)}</th><td><code>${escapeHtml(value)}</code></td></tr>`,
  );
  return page('Landing page', `<h1>A landing page</h1>${intro}<table>${rows.join('')}</table>`);
}

/** Escapes every character with a meaning in HTML, quotes included. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const VERDICTS: Record<Postback['verdict'], string> = {
  valid: 'fits',
  unknown: '<span class="quiet">not checked</span>',
  'bad signature': '<span class="bad">does not fit</span>',
};

const HEADINGS = `<tr>${[
  'received',
  'type',
  'event',
  'click',
  'payout change',
  'attempt',
  'webhook-id',
  'signature',
]
  .map((name) => `<th>${name}</th>`)
  .join('')}</tr>`;

function inboxSection({ name, isKnown, stats, recent }: InboxView): string {
  const sums = Object.entries(stats.payouts).map(
    ([currency, sum]) => `${escapeHtml(sum)} ${escapeHtml(currency)}`,
  );
  const bad =
    stats.bad_signatures > 0
      ? `, <span class="bad">${stats.bad_signatures} refused for a bad signature</span>`
      : '';
  const rows = recent.map(postbackRow).join('\n');
  const postbacks = stats.distinct === 1 ? 'postback' : 'postbacks';
  const signed = isKnown ? 'with a valid signature' : 'whose signatures are not checked';
  const counts = `${stats.distinct} ${postbacks} ${signed}, ${stats.doubled} doubled${bad}`;
  return `<h2>${escapeHtml(name)}</h2>
<p>${counts}; reported payout: <strong>${sums.join(', ') || 'nothing yet'}</strong></p>
${isKnown ? '' : secretForm(name)}
${rows && `<table>${HEADINGS}\n${rows}</table>`}`;
}

/** Names have letters, digits, points and dashes only. */
function secretForm(name: string): string {
  return `<form method="post" action="/secrets/${escapeHtml(name)}"><label>Secret of the endpoint
<input name="secret" placeholder="whsec_…" required size="50"></label> <button>Check the signatures</button></form>`;
}

function postbackRow(postback: Postback): string {
  const { received_at: receivedAt, type, data, attempt, id, verdict } = postback;
  const cells = [receivedAt, type, data['event'] ?? '', data['click_id'] ?? ''].map(
    (text) => `<td>${escapeHtml(text)}</td>`,
  );
  const money = `${data['payout_delta'] ?? ''} ${data['payout_currency'] ?? ''}`;
  const rest = `<td>${escapeHtml(attempt)}</td><td><code>${escapeHtml(id)}</code></td><td>${VERDICTS[verdict]}</td>`;
  return `<tr>${cells.join('')}<td class="money">${escapeHtml(money)}</td>${rest}</tr>`;
}

function page(title: string, body: string, head = ''): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title>${head}<style>${STYLE}</style></head>
<body>${body}</body>
</html>`;
}
