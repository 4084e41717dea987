/** A share from 0 to 1 as a percentage: "97.53 %". */
export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** Truncates foreign text for a message. */
export function shortened(text: string, most = 100): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}

/** A text as one word of a shell command, whatever is in it. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A count with thousands separated: "60,000". */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** The most frequent of counted names, with their numbers: "3 Relu, 2 Conv, Gemm, …". */
export function tallied(counts: Iterable<readonly [name: string, count: number]>, most: number): string {
  const sorted = [...counts].sort(([, one], [, other]) => other - one);
  const named = sorted.slice(0, most).map(([name, count]) => (count > 1 ? `${count} ${name}` : name));
  return [...named, ...(sorted.length > most ? ['…'] : [])].join(', ');
}
