import type { Random } from '../../core/random.js';

/** Images that were trained on or held back as if a fair coin had been thrown for each. */
export interface Canaries {
  readonly indices: Int32Array;
  readonly isMember: readonly boolean[];
}

/** How many standard deviations of its coins a class leaves unused, so that there are nearly always enough images of both kinds. */
const MARGIN = 6;

/**
 * Chooses images of a random split, class by class, whose membership is distributed like throws of a fair coin: a coin is thrown for each place,
 * and filled with a random image of the side that it shows. A random split makes it irrelevant which images these are.
 *
 * @param labels of all images that are split
 */
export function drawCanaries(
  { training, heldBack }: { training: Int32Array; heldBack: Int32Array },
  labels: Uint8Array,
  random: Random,
): Canaries {
  const indices: number[] = [];
  const isMember: boolean[] = [];
  for (const label of new Set(labels)) {
    const ofClass = (side: Int32Array): Int32Array =>
      random.shuffle(side.filter((index) => labels[index] === label));
    const [members, others] = [ofClass(training), ofClass(heldBack)];
    const coins = throwCoins(members.length, others.length, random);
    let [member, other] = [0, 0];
    for (const coin of coins) {
      indices.push(coin ? members[member++]! : others[other++]!);
      isMember.push(coin);
    }
  }
  return { indices: Int32Array.from(indices), isMember };
}

/** As many coins as both sides can pay for; thrown again in the rare case that they cannot. */
function throwCoins(members: number, others: number, random: Random): boolean[] {
  const fewer = Math.min(members, others);
  const count = Math.max(0, Math.floor(2 * fewer - MARGIN * Math.sqrt(fewer)));
  for (;;) {
    const coins = Array.from({ length: count }, () => random.integer(2) === 1);
    const shown = coins.filter(Boolean).length;
    if (shown <= members && count - shown <= others) return coins;
  }
}
