/** The projections of embeddings to the plane, by name. */
export const mapNames = ['pca', 'umap'] as const;

export type MapName = (typeof mapNames)[number];
