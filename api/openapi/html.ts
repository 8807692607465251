// Pieces of HTML for the page of the OpenAPI document: escaped text, links and tables.

/** Escapes text, and marks `code`. */
export function prose(text: string): string {
  return escape(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

export function code(text: string): string {
  return `<code>${escape(text)}</code>`;
}

export function row(...cells: string[]): string {
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
}

export function table(titles: readonly string[], rows: readonly string[]): string {
  const head = titles.map((title) => `<th>${escape(title)}</th>`).join('');
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

/** Leads to what is named on the same page. */
export function link(name: string): string {
  return `<a href="#${anchor(name)}">${escape(name)}</a>`;
}

export function anchor(name: string): string {
  return encodeURIComponent(name.replaceAll(' ', '-'));
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign]!);
}
