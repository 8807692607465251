// Pages for browsers: the console, the portal, and where to go from `/`. Their paths are open;
// everything that they show is read with a session or a token.
import type { Request, RequestHandler, Response, Router } from 'express';
import type { Store } from '../../store/index.ts';
import { ApiError, notFound } from '../http/errors.ts';
import { isId } from '../http/fields.ts';
import { addPath } from '../http/path.ts';
import type { PageFiles } from './page-files.ts';
import { NOT_BUILT_PAGE, OWN_PAGE_POLICY, PLACES, START_PAGE } from './pages.html.ts';

type Deps = { pageFiles: PageFiles; store: Pick<Store, 'operators'> };

export function addPageRoutes(router: Router, { pageFiles, store }: Deps): void {
  /** Answers one of the built pages, under any path below its own: the page reads the path. */
  async function answerPage(res: Response, name: 'console' | 'portal', ancestors: readonly string[]) {
    const html = await pageFiles.page(name);
    res.setHeader('cache-control', 'no-cache');
    if (html === null) return answerHtml(res.status(503), NOT_BUILT_PAGE, OWN_PAGE_POLICY);
    answerHtml(res, html, pagePolicy(ancestors));
  }

  addPath(router, '/', {
    get: [
      (req, res) => {
        res.vary('accept');
        if (req.accepts(['json', 'html']) === 'html') return answerHtml(res, START_PAGE, OWN_PAGE_POLICY);
        res.json({
          name: 'Postrider',
          ...Object.fromEntries(Object.entries(PLACES).map(([name, { path }]) => [name, path])),
        });
      },
    ],
  });

  router.use('/console/assets', reading, async (req, res) => {
    const name = req.path.slice(1);
    const asset = await pageFiles.asset(name);
    if (asset === null) throw notFound('file');
    res.setHeader('cache-control', 'public, max-age=31536000, immutable');
    res.vary('accept-encoding');
    res.type(name);
    const isGzipped = asset.gzipped !== null && req.acceptsEncodings('gzip') === 'gzip';
    if (isGzipped) res.setHeader('content-encoding', 'gzip');
    res.send(isGzipped ? asset.gzipped : asset.plain);
  });

  router.use('/console', reading, async (_req, res) => {
    res.setHeader('x-frame-options', 'DENY');
    res.setHeader('cross-origin-opener-policy', 'same-origin');
    await answerPage(res, 'console', []);
  });

  // The first part of the path names the operator, who says which sites may show the portal.
  router.use('/portal', reading, async (req, res) => {
    const [, operatorId = ''] = req.path.split('/');
    const operator = isId(operatorId) ? await store.operators.find(operatorId) : null;
    await answerPage(res, 'portal', operator?.portalOrigins ?? []);
  });
}

function answerHtml(res: Response, html: string, policy: string): void {
  res.setHeader('content-security-policy', policy);
  res.type('html').send(html);
}

/** Own files only, nothing inline. `ancestors`: origins whose pages may frame this one. */
function pagePolicy(ancestors: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${ancestors.join(' ') || "'none'"}`,
  ].join('; ');
}

const reading: RequestHandler = (req: Request, res, next) => {
  if (req.method === 'GET' || req.method === 'HEAD') return next();
  res.setHeader('allow', 'GET, HEAD');
  throw new ApiError('method_not_allowed', `${req.method} is not possible here`);
};
