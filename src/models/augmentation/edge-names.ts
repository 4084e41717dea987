/** What continues an image beyond its edges, as torchvision's `padding_mode` names it. */
export const edgeNames = ['constant', 'edge', 'reflect', 'symmetric'] as const;

export type EdgeName = (typeof edgeNames)[number];
