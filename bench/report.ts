/** What was measured, and how it stands to its bar. */

export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** At most this. */
  readonly bar: number;
  readonly ok: boolean;
}

/** Three decimals: more would not be the same twice. What is no number meets no bar. */
export function judge(name: string, value: number, unit: string, bar: number): Row {
  return { name, value: Math.round(value * 1000) / 1000, unit, bar, ok: value <= bar };
}

/** A table for people: the name, the figure, its bar, and a word where it is not met. */
export function renderTable(rows: readonly Row[]): string {
  const width = Math.max(...rows.map((row) => row.name.length), 0);
  const line = (row: Row): string =>
    `${row.name.padEnd(width)}  ${row.value.toFixed(2).padStart(6)}  at most ${row.bar.toFixed(2)}${row.ok ? "" : "   NOT MET"}`;
  return rows.map(line).join("\n");
}
