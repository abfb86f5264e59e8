import { drawScatter, type Scatter } from './scatter.js';

/** What is written below a picture: a name, a value, and the class of a value that stands out. */
export type Figures = [name: string, value: string, kind?: string][];

/** A title, a picture of samples, and the figures below it. */
export class Panel {
  private readonly title: HTMLElement;
  private readonly canvas: HTMLCanvasElement;
  private readonly reason: HTMLElement;
  private readonly figures: HTMLElement;
  private scatter?: Scatter;

  /** @param id of the figure element */
  constructor(id: string) {
    const part = <T extends HTMLElement>(selector: string) =>
      document.querySelector<T>(`#${id} ${selector}`)!;
    this.title = part('h2');
    this.canvas = part('canvas');
    this.reason = part('p');
    this.figures = part('dl');
  }

  /** @param label says in words what the picture shows */
  show(title: string, label: string, scatter: Scatter, figures: Figures): void {
    this.fill(title, label, '', figures);
    this.scatter = scatter;
    this.redraw();
  }

  /** Shows why there is nothing to draw. */
  empty(title: string, reason: string): void {
    this.fill(title, `Nothing is drawn: ${reason}`, reason, []);
    this.scatter = undefined;
    const { canvas } = this;
    canvas.getContext('2d')!.clearRect(0, 0, canvas.width, canvas.height);
  }

  /** Draws the same again, where its size or its colours have changed. */
  redraw(): void {
    if (this.scatter) drawScatter(this.canvas, this.scatter);
  }

  private fill(title: string, label: string, reason: string, figures: Figures): void {
    this.title.textContent = title;
    this.canvas.setAttribute('aria-label', label);
    this.reason.textContent = reason;
    this.figures.replaceChildren(
      ...figures.flatMap(([name, value, kind]) => {
        const [term, data] = [document.createElement('dt'), document.createElement('dd')];
        term.textContent = name;
        data.textContent = value;
        if (kind) data.className = kind;
        return [term, data];
      }),
    );
  }
}
