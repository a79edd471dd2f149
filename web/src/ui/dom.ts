// A few lines to make elements with.

type Child = Node | string | null | undefined | false;
type Props = Record<string, string | number | boolean | undefined | ((e: Event) => void)>;

/** h makes an element. A property that is a function listens to the event of
 * that name; all others are attributes. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') el.addEventListener(name, value);
    else if (value === true) el.setAttribute(name, '');
    else if (value !== undefined && value !== false) el.setAttribute(name, String(value));
  }
  el.append(...children.filter((c): c is Node | string => c !== null && c !== undefined && c !== false));
  return el;
}

/** byId finds an element that the page certainly has. */
export function byId(id: string): HTMLElement {
  const el = document.getElementById(id);
  if (!el) throw new Error(`the page has no #${id}`);
  return el;
}

/** set writes a text, and touches the page only if it is another one. */
export function set(el: Element, text: string): void {
  if (el.textContent !== text) el.textContent = text;
}

/** say tells those who listen to the page instead of looking at it. */
export function say(text: string): void {
  set(byId('say'), text);
}

/** grouped writes a number with thin spaces between thousands. */
export const grouped = (n: number | bigint): string => n.toString().replace(/\B(?=(\d{3})+$)/g, '\u202f');

/** duration writes a time span by its largest units. */
export function duration(ms: number, most = 2): string {
  const s = Math.max(0, Math.round(ms / 1000));
  const units: [number, string][] = [[86_400, 'd'], [3_600, 'h'], [60, 'min'], [1, 's']];
  const first = units.findIndex(([n]) => s >= n);
  if (first < 0) return '0 s';
  return units
    .slice(first, first + most)
    .map(([n, unit], i) => [Math.floor((i ? s % units[first + i - 1]![0] : s) / n), unit] as const)
    .filter(([n], i) => i === 0 || n > 0)
    .map(([n, unit]) => `${n} ${unit}`)
    .join(' ');
}
