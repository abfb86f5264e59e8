import { type Content, html, raw } from './html.js';
import { style } from './style.js';

/**
 * A report as one HTML file that needs nothing else, for screens from a phone's on, light and dark, and for print.
 *
 * @param about what the run was of, for the browser's title
 * @param script plain JavaScript
 */
export function htmlPage(title: string, about: string, content: Content, script?: string): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · ${about}</title>
<style>${raw(style)}</style>
</head>
<body><main>
${content}
</main>${script !== undefined && html`<script>${raw(script)}</script>`}</body></html>
`;
  return page.html;
}
