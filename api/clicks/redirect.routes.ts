// Routes for visitors' browsers: the redirect from a link to its landing page, the capture script,
// and the beacon by which that script confirms that a click arrived.
import type { Request, RequestHandler, Router } from 'express';
import { isbot } from 'isbot';
import { storedClickId } from '../../domain/attribution/click-ids.ts';
import { deepLinkOf, landingPageOf, type Visit } from '../../domain/attribution/landing.ts';
import { type Subs, subsFrom } from '../../domain/types.ts';
import { newId } from '../../store/db/ids.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { addPath, idFromPath } from '../http/path.ts';
import { answerVisitor } from '../http/visitor-page.ts';
import { readCaptureScript } from './capture-script.ts';
import type { ClickWriter } from './click-writer.ts';
import type { LinkCache } from './link-cache.ts';

type Deps = { linkCache: Pick<LinkCache, 'find'>; clickWriter: Pick<ClickWriter, 'visit' | 'seen'> };

const SUB_LENGTH = 500;
const CLICK_ID = /^clk_[0-9a-z]{26}$/;
/** A changed script reaches every site within a day; browsers revalidate by ETag. */
const SCRIPT_CACHE = 'public, max-age=86400, stale-while-revalidate=2592000';

export function addRedirectRoutes(router: Router, { linkCache, clickWriter }: Deps): void {
  const captureScript = readCaptureScript();

  /** Counts a click, and redirects to the landing page with the click's id in its URL. */
  const follow: RequestHandler = async (req, res) => {
    answerVisitor(res);
    const link = await linkCache.find(idFromPath(req, 'link'));
    if (link === null) throw notFound('link');
    if (link.state === 'off') throw new ApiError('gone', 'the link is off');
    const clickId = isVisit(req) ? newId('clk') : null;
    const subs = subsOf(req);
    const { operatorId, affiliateId } = link;
    const firstClickDays = link.clickChoice === 'first' ? link.clickWindowDays : null;
    const visit: Visit = { affiliateId, clickId, subs, firstClickDays };
    if (clickId !== null)
      await clickWriter.visit({
        operatorId,
        id: clickId,
        linkId: link.id,
        affiliateId,
        subs,
        clickedAt: Date.now(),
        isBot: isBot(req),
      });
    const wish = req.query['to'] ?? req.query['url'];
    const deepLink =
      typeof wish === 'string' ? deepLinkOf(link.landing, wish, link.deepLinkHosts, visit) : null;
    res.setHeader('cache-control', 'no-store');
    res.setHeader('referrer-policy', 'strict-origin-when-cross-origin');
    res.setHeader('x-robots-tag', 'noindex, nofollow');
    // `location` encodes characters that a header cannot hold, and leaves encoded ones.
    res
      .status(302)
      .location(deepLink ?? landingPageOf(link.landing, visit))
      .end();
  };
  addPath(router, '/c/:id', { get: [follow], head: [follow] });

  addPath(router, '/c/:id/seen', {
    post: [
      (req, res) => {
        const id = storedClickId(String(req.params['id']));
        // Browsers send this by `sendBeacon`, which ignores the answer.
        if (CLICK_ID.test(id)) clickWriter.seen(id);
        res.status(204).setHeader('access-control-allow-origin', '*').end();
      },
    ],
  });

  const sendScript: RequestHandler = (req, res) => {
    res.setHeader('cache-control', SCRIPT_CACHE);
    res.setHeader('etag', captureScript.etag);
    res.setHeader('access-control-allow-origin', '*');
    if (req.get('if-none-match')?.includes(captureScript.etag)) return void res.status(304).end();
    res.type('text/javascript').send(captureScript.text);
  };
  addPath(router, '/capture.js', { get: [sendScript] });
}

/** Excludes HEAD requests of link checkers, and prefetches of browsers. */
function isVisit(req: Request): boolean {
  const purpose = `${req.get('purpose') ?? ''} ${req.get('sec-purpose') ?? ''} ${req.get('x-moz') ?? ''}`;
  return req.method === 'GET' && !/\bpre(fetch|view|render)\b/i.test(purpose);
}

/** Whether the user agent is missing, or that of a known bot. */
function isBot(req: Request): boolean {
  const agent = req.get('user-agent');
  return agent === undefined || agent === '' || isbot(agent);
}

/** An invalid sub never fails a redirect: unsupported characters and excess length are cut off. */
function subsOf(req: Request): Subs {
  const { query } = req;
  return subsFrom((name) => {
    const value = query[name];
    if (typeof value !== 'string' || value === '') return null;
    const kept = Array.from(value.replaceAll(/[\p{Cc}\p{Cs}]/gu, ''))
      .slice(0, SUB_LENGTH)
      .join('');
    return kept === '' ? null : kept;
  });
}
