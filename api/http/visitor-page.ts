// What a visitor sees who follows a link that leads nowhere. It says nothing about whose link it was.
import type { Response } from 'express';
import type { ErrorCode } from './errors.ts';

/** Marks the answer as one for a person who followed a link. */
export function answerVisitor(res: Response): void {
  res.locals['isVisitor'] = true;
}

export function isVisitor(res: Response): boolean {
  return res.locals['isVisitor'] === true;
}

/** The page in place of where the visitor wanted to go. */
export function visitorPage(code: ErrorCode): string {
  const [title, text] =
    code === 'not_found'
      ? [
          'This link leads nowhere',
          'It may be mistyped, or it has ended. Please go back and try another one.',
        ]
      : ['This link does not work at the moment', 'Please try again in a few seconds.'];
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><title>${title}</title><style>body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto 0;padding:0 1rem;color:#1d2530}</style></head><body><h1>${title}</h1><p>${text}</p></body></html>\n`;
}
