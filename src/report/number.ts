/** Three significant digits, as tables print them: 0.0123, 1.20, 123, 4.56e-5; '∞' for what is not finite. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 0.001 || size >= 1e5) return value.toExponential(2).replace('e+', 'e');
  if (size >= 999.5) return Math.round(value).toLocaleString('en');
  return value.toPrecision(3);
}

/** 1,234. */
export function count(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 0 });
}

/** '3 seeds', '1 seed'. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** '3', '3 and 4', '3, 4 and 6'. */
export function list(items: readonly (string | number)[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]}`;
}

/** What stands at a tick of an axis: 0.001 and larger as they are, smaller ones as 1e-4, so that none is long. */
export function tickText(value: number): string {
  const rounded = Number(value.toPrecision(6));
  return rounded === 0 || Math.abs(rounded) >= 1e-3 ? String(rounded) : rounded.toExponential();
}
