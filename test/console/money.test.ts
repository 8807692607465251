// Journeys of those who care for money, in a real browser on one stack: commissions, corrections,
// pay day, the affiliate's own portal.
import './journeys/commissions.ts';
import './journeys/corrections.ts';
import './journeys/payouts.ts';
import './journeys/portal.ts';
