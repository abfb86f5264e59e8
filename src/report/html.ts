/** Text that is HTML already. */
export interface Html {
  readonly html: string;
}

export type Content = Html | string | number | false | undefined | readonly Content[];

/** A template whose interpolated texts are escaped; nested templates, lists and nothing go in as they are. */
export function html(parts: TemplateStringsArray, ...contents: Content[]): Html {
  return { html: parts.reduce((text, part, i) => text + render(contents[i - 1]) + part) };
}

/** Marks a text as HTML that needs no escaping. */
export function raw(text: string): Html {
  return { html: text };
}

function render(content: Content): string {
  if (content === undefined || content === false) return '';
  if (typeof content === 'string') return escapeText(content);
  if (typeof content === 'number') return String(content);
  if ('html' in content) return content.html;
  return content.map(render).join('');
}

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
