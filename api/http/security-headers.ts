// The security headers of every response.
import { hash } from 'node:crypto';
import type { RequestHandler } from 'express';
import helmet from 'helmet';

const YEAR_S = 31_536_000;

/** Sets the headers. An HTML page replaces the content security policy by its `stylePolicy`. */
export function createSecurityHeaders({ publicUrl }: { publicUrl: string }): RequestHandler {
  return helmet({
    // No rule about frames: browsers apply it to redirects too, and links may be followed
    // inside a frame.
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"] },
    },
    xFrameOptions: false,
    // The domain belongs to the operator, whose subdomains may need plain HTTP.
    strictTransportSecurity: publicUrl.startsWith('https:') && { maxAge: YEAR_S, includeSubDomains: false },
    // Other sites load the capture script and call links. No answer depends on cookies.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    // A link that opens a new window must not separate the landing page from its opener.
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    // For browsers and plug-ins that no longer exist.
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
    // Express is told not to send it in the first place.
    xPoweredBy: false,
  });
}

/** The policy of a page that may show its own style and do nothing else. */
export function stylePolicy(style: string): string {
  return `default-src 'none'; style-src 'sha256-${hash('sha256', style, 'base64')}'; base-uri 'none'; form-action 'none'`;
}
