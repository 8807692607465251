// Journeys of those who run the operation, in a real browser on one stack: every page, what is
// stuck, access, affiliates, setting up, reports.
import './journeys/console.ts';
import './journeys/pages.ts';
import './journeys/stuck.ts';
import './journeys/access.ts';
import './journeys/affiliates.ts';
import './journeys/setup.ts';
import './journeys/reports.ts';
import './journeys/endpoints.ts';
