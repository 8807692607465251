// HTML page for visitors in place of an error answer. Names neither the link nor its affiliate.
import type { Response } from 'express';
import { answerErrorsByPage, type ErrorCode, type ErrorPage } from './errors.ts';
import { stylePolicy } from './security-headers.ts';

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto 0;padding:0 1rem;color:#1d2530}';
const VISITOR_PAGE: ErrorPage = { htmlOf: visitorPage, policy: stylePolicy(STYLE) };

/**
 * Marks the request as one of a visitor: a browser that followed a link, not a caller of the API.
 */
export function answerVisitor(res: Response): void {
  answerErrorsByPage(res, VISITOR_PAGE);
}

/** The page shown in place of the landing page. */
function visitorPage(code: ErrorCode): string {
  const [title, text] =
    code === 'not_found' || code === 'gone'
      ? [
          'This link leads nowhere',
          'It may be mistyped, or it has ended. Please go back and try another one.',
        ]
      : ['This link does not work at the moment', 'Please try again in a few seconds.'];
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><title>${title}</title><style>${STYLE}</style></head><body><h1>${title}</h1><p>${text}</p></body></html>\n`;
}
