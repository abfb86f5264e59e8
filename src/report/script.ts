/**
 * The report's script, plain JavaScript for browsers. Without it the tables show the default metric; with it a
 * reader chooses another for all tables, and a tap on a figure shows what the mouse sees on hover.
 */
export const script = `
const tables = [...document.querySelectorAll('.table')];
const selects = tables.map((table) => table.querySelector('select.metric'));

function fill(cell, text, mark, letter, title) {
  cell.className = ['', 'best', 'second'][mark];
  cell.textContent = text;
  cell.title = title;
  if (letter) cell.appendChild(document.createElement('sup')).textContent = letter;
}

function show(table, metric) {
  const data = JSON.parse(table.querySelector('script').textContent);
  const bodies = table.querySelectorAll('tbody');
  data.forEach(({ letters, figures }, r) => {
    const [main, ...folded] = bodies[r].rows;
    const { best, variants } = figures[metric];
    folded.forEach((row, v) => {
      variants[v].split(' ').forEach((text, c) => {
        row.cells[c + 1].textContent = text;
      });
    });
    best.forEach((entry, c) => {
      if (entry === 0) {
        const cell = main.cells[c + 1];
        cell.className = 'none';
        cell.textContent = '–';
        return;
      }
      const [text, mark, v] = entry;
      const source = folded.length > 0 ? folded[v] : main;
      fill(main.cells[c + 1], text, mark, letters[v], source.cells[c + 1].title);
    });
  });
}

tables.forEach((table, i) => {
  const select = selects[i];
  select.hidden = false;
  table.querySelector('span.metric').hidden = true;
  select.addEventListener('change', () => {
    for (const other of selects) other.value = select.value;
    for (const other of tables) show(other, select.value);
  });
  table.querySelector('table').addEventListener('click', (event) => {
    const cell = event.target.closest('td[title]');
    if (cell) table.querySelector('.detail').textContent = cell.title;
  });
});
`;
