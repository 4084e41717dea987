/** The ways to lay vectors out in a plane, by name. */
export const mapNames = ['pca', 'umap'] as const;

export type MapName = (typeof mapNames)[number];
