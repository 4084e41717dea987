/**
 * Whether a sender may hold this much of something that all share: half of what the others leave, so that something is left to the next
 * one.
 *
 * @param own what the sender would hold
 * @param others what all others hold
 * @param most what all may hold together
 */
export function isFairShare(own: number, others: number, most: number): boolean {
  return own <= (most - others) / 2;
}
