/** What a token allows, from the least to the most; each role includes those before it. */
export const roles = ['infer', 'operate', 'administer'] as const;

export type TokenRole = (typeof roles)[number];

/** Whether a role allows what another one is needed for. */
export function allows(role: TokenRole, needed: TokenRole): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}
