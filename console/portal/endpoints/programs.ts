// Programs of a document in Markdown: one for each section that begins with a block of code.

export type Program = { language: string; code: string; notes: readonly string[] };

/** In the order of the document; `notes` are the paragraphs behind the block. */
export function programsIn(markdown: string): Program[] {
  return markdown.split(/^## /m).flatMap((section) => {
    const [, language, code, rest] = /^(\w+)\n+```\w+\n([\s\S]*?)\n```\n([\s\S]*)$/.exec(section) ?? [];
    if (language === undefined || code === undefined) return [];
    const notes = (rest ?? '')
      .split(/\n{2,}/)
      .map((paragraph) => paragraph.replaceAll('`', '').replaceAll(/\s+/g, ' ').trim());
    return [{ language, code, notes: notes.filter((note) => note !== '') }];
  });
}
