/**
 * The coefficients with the smallest sum of squared relative errors, so that short times count as long ones: the solution of the normal
 * equations. Throws where the features do not tell them apart.
 *
 * @param rows the features of each measurement
 * @param values what was measured, above 0
 */
export function fitRelative(rows: readonly (readonly number[])[], values: readonly number[]): number[] {
  const scaled = rows.map((row, at) => row.map((feature) => feature / values[at]!));
  const count = rows[0]?.length ?? 0;
  // [AᵀA | Aᵀ1]
  const system = Array.from({ length: count }, (_, i) => [
    ...Array.from({ length: count }, (_, j) => scaled.reduce((sum, row) => sum + row[i]! * row[j]!, 0)),
    scaled.reduce((sum, row) => sum + row[i]!, 0),
  ]);
  return solve(system);
}

/** The same, of coefficients that are costs: those that would be below 0 are 0, and the others are fitted without them. */
export function fitCosts(rows: readonly (readonly number[])[], values: readonly number[]): number[] {
  let kept = (rows[0] ?? []).map((_, feature) => feature);
  for (;;) {
    const found = fitRelative(
      rows.map((row) => kept.map((feature) => row[feature]!)),
      values,
    );
    const least = found.indexOf(Math.min(...found));
    if (!(found[least]! < 0)) return (rows[0] ?? []).map((_, feature) => found[kept.indexOf(feature)] ?? 0);
    kept = kept.filter((_, at) => at !== least);
  }
}

/** Gauss and Jordan's elimination with pivots. */
function solve(system: number[][]): number[] {
  const count = system.length;
  const scale = Math.max(...system.flat().map(Math.abs));
  for (let column = 0; column < count; column++) {
    const rest = system.slice(column).map((row) => Math.abs(row[column]!));
    const pivot = column + rest.indexOf(Math.max(...rest));
    if (!(Math.abs(system[pivot]![column]!) > scale * Number.EPSILON))
      throw new Error('the measurements do not tell the coefficients apart');
    [system[column], system[pivot]] = [system[pivot]!, system[column]!];
    const own = system[column]!.map((value) => value / system[column]![column]!);
    system[column] = own;
    system.forEach((row, at) => {
      const factor = row[column]!;
      if (at !== column) system[at] = row.map((value, index) => value - factor * own[index]!);
    });
  }
  return system.map((row) => row[count]!);
}
