/** The report's style sheet. Colours of solvers are c0.. and chosen to differ also without hue. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1b1d21; --muted: #666b73; --rule: #e3e5e8; --faint: #cfd3d8; --panel: #fafafa;
  --c0: #c8102e; --c1: #0b62c4; --c2: #14793f; --c3: #b35900; --c4: #7a3db8; --baseline: #6a7079;
  --truth: #b9bec6; --exact: #d3d6da;
  --serif: Charter, 'Bitstream Charter', 'Iowan Old Style', 'Source Serif 4', Cambria, Georgia, serif;
  --sans: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Liberation Sans', sans-serif;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #15171a; --ink: #e4e6e9; --muted: #9aa0a8; --rule: #2b2f35; --faint: #3d434b; --panel: #1a1d21;
    --c0: #ff6b7a; --c1: #6cb0ff; --c2: #58c98a; --c3: #f2a33c; --c4: #c39bf5; --baseline: #9aa0a8;
    --truth: #565c65; --exact: #434951;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 var(--serif); }
main { max-width: 1040px; margin: 0 auto; padding: 48px 20px 64px; }
h1 { font-size: 30px; line-height: 1.2; font-weight: 600; margin: 0 0 6px; letter-spacing: -.01em; }
h2 { font-size: 22px; line-height: 1.25; font-weight: 600; margin: 64px 0 4px; padding-top: 18px; border-top: 1px solid var(--rule); }
p { margin: 10px 0; max-width: 46em; text-wrap: pretty; }
.by, .facts, figcaption, .note, nav { font-family: var(--sans); font-size: 13px; line-height: 1.5; color: var(--muted); }
.by, .facts { margin: 0 0 16px; max-width: none; }
.note { max-width: 62em; }
.lead { font-size: 18px; margin-top: 22px; }
.warning { border-left: 3px solid var(--c3); padding-left: 12px; }
nav { display: flex; flex-wrap: wrap; gap: 2px 16px; }
nav a { color: inherit; white-space: nowrap; }
a { color: var(--c1); text-underline-offset: 3px; }
figure { margin: 26px 0 0; min-width: 0; }
figcaption { margin-top: 8px; max-width: 60em; }
figcaption b { color: var(--ink); font-weight: 600; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 0 40px; }
.plots figure { max-width: 500px; }
.plot { display: block; width: 100%; height: auto; font-family: var(--sans); overflow: visible; }
.key { display: flex; flex-wrap: wrap; gap: 2px 18px; font: 12px/1.5 var(--sans); }
.scroll { overflow-x: auto; }
.wide > .scroll > .plot { min-width: 640px; }
.spaced { margin-top: 22px; }
.controls { display: flex; flex-wrap: wrap; gap: 4px 22px; align-items: baseline; justify-content: space-between; margin: 22px 0 6px; font: 13px/1.5 var(--sans); color: var(--muted); }
.controls .metric { color: var(--ink); font-weight: 600; }
select.metric { font: inherit; font-weight: 600; color: inherit; background: var(--paper); border: 1px solid var(--faint); border-radius: 4px; padding: 2px 4px; max-width: 100%; }
table { border-collapse: collapse; font: 13px/1.4 var(--sans); font-variant-numeric: tabular-nums lining-nums; }
table.figures { width: 100%; border-top: 1.5px solid var(--ink); border-bottom: 1.5px solid var(--ink); }
.figures th { font-weight: 400; text-align: left; white-space: nowrap; }
.figures th, .figures td { padding: 3px 8px; }
.figures td, .figures thead th + th { text-align: right; white-space: nowrap; }
.figures thead th { border-bottom: 1px solid var(--ink); padding: 5px 8px; }
.figures thead + tbody tr:first-child > * { padding-top: 7px; }
.figures tbody:last-child tr:last-child > * { padding-bottom: 7px; }
.figures th:first-child { position: sticky; left: 0; background: var(--paper); padding-left: 2px; }
.figures td { padding-right: 18px; position: relative; }
.figures thead th + th { padding-right: 18px; }
.figures td sup { position: absolute; margin-left: 2px; font-size: 9px; color: var(--muted); line-height: 1.4; font-weight: 400; }
.figures td.none { color: var(--faint); }
.figures .best { font-weight: 700; }
.figures .second { text-decoration: underline; text-underline-offset: 3px; text-decoration-thickness: 1px; }
.figures .second sup { display: inline-block; text-decoration: none; }
.figures tr.variant > * { color: var(--muted); font-size: 12px; padding-top: 0; }
.figures tr.variant th { padding-left: 16px; }
.figures tr.variant { display: none; }
.table:has(.all:checked) tr.variant { display: table-row; }
.figures tbody tr:hover > * { background: var(--panel); }
.figures.dense { font-size: 12px; }
.figures.dense th, .figures.dense td { padding-left: 5px; padding-right: 5px; }
.figures td.text { text-align: left; }
.figures thead th.text { text-align: left; }
.chip { display: inline-block; width: 8px; height: 8px; border-radius: 50%; margin-right: 7px; }
.detail { display: block; min-height: 1.5em; font: 13px/1.5 var(--sans); color: var(--ink); }
.definitions { position: absolute; width: 0; height: 0; }
.panels { display: grid; grid-template-columns: repeat(3, 1fr); gap: 16px; }
.panel svg, .panel img, .matrix svg { display: block; width: 100%; height: auto; background: var(--panel); border: 1px solid var(--rule); }
.panel .name { font: 13px/1.4 var(--sans); margin-top: 5px; }
.panel .name span { color: var(--muted); margin-left: 8px; }
.truth, .exact, .path, .ring, .hole, .end, .sample { fill: none; stroke-linecap: round; stroke-linejoin: round; }
.truth { stroke: var(--truth); stroke-width: 1.6; }
.exact { stroke: var(--exact); stroke-width: 4; }
.path { stroke-width: 1.1; }
.ring { stroke-width: 5; }
.hole { stroke: var(--panel); stroke-width: 3; }
.end { stroke-width: 5.4; }
.sample { stroke-width: 2.6; }
.matrix { width: 100%; table-layout: fixed; min-width: 600px; }
.matrix th { font-weight: 400; text-align: left; padding: 0 0 5px 10px; vertical-align: bottom; }
.matrix tbody th, .matrix thead td { width: 58px; padding: 0; vertical-align: middle; }
.matrix td { padding: 0 0 10px 10px; vertical-align: top; }
.matrix .none { text-align: center; vertical-align: middle; color: var(--muted); }
.strips th { font-weight: 400; text-align: left; padding: 0 14px 0 0; white-space: nowrap; }
.strips td { padding: 1px 0; }
.strips td.level { text-align: right; padding-right: 10px; color: var(--muted); }
.strips tbody + tbody tr:first-child > * { padding-top: 9px; }
.sample { stroke: var(--ink); }
.grid { display: block; image-rendering: pixelated; width: 100%; height: auto; }
.strips img { display: block; image-rendering: pixelated; height: 46px; width: auto; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 5px 22px; font: 13px/1.5 var(--sans); margin: 16px 0; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
pre { font: 13px/1.5 ui-monospace, 'SFMono-Regular', Menlo, Consolas, 'Liberation Mono', monospace; background: var(--panel); border: 1px solid var(--rule); padding: 10px 12px; margin: 10px 0; white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 640px) {
  main { padding: 28px 16px 48px; }
  h1 { font-size: 25px; }
  h2 { font-size: 20px; margin-top: 48px; }
  .lead { font-size: 17px; }
  .figures th, .figures td { padding-left: 4px; }
  .figures td, .figures thead th + th { padding-right: 14px; }
  .panels { grid-template-columns: repeat(2, 1fr); gap: 12px; }
  .panel .name span { display: block; margin: 0; }
  .strips img { height: 26px; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: 8px; }
}
@media print {
  body { font-size: 11pt; }
  main { max-width: none; padding: 0; }
  nav, .controls label, select.metric, .detail { display: none !important; }
  figure, .panel, tr { break-inside: avoid; }
  h2 { break-after: avoid; }
  .scroll { overflow: visible; }
}
`;
