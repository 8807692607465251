// URLs of endpoints that lead to the same place although they are written in another way.

const PARTS = /^(https?):\/\/([^/?#\\]*)([^#]*)/i;
const DEFAULT_PORTS: Readonly<Record<string, RegExp>> = { http: /:(?:80)?$/, https: /:(?:443)?$/ };

/**
 * The URL in a form that is equal for equal places: scheme and host in lower case, no default port,
 * at least a slash as path, no fragment. Path and query, with their macros, stay as they are.
 */
export function comparableUrl(url: string): string {
  const [, scheme = '', host = '', rest = ''] = PARTS.exec(url) ?? [];
  if (scheme === '') return url;
  const name = scheme.toLowerCase();
  const server = host.toLowerCase().replace(DEFAULT_PORTS[name]!, '');
  return `${name}://${server}${/^[/\\]/.test(rest) ? '' : '/'}${rest}`;
}
