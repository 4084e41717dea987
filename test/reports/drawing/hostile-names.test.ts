import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { embeddingMap } from '../../../src/reports/charts/embedding-map.js';
import { encodeFigure } from '../../../src/reports/charts/figure.js';
import { contactSheet } from '../../../src/reports/drawing/contact-sheet.js';
import { heatSheet } from '../../../src/reports/drawing/heat.js';
import { deploymentManifest } from '../../../src/deployment/docker/kubernetes.js';
import { webGuide } from '../../../src/deployment/web/guide.js';
import { parse } from 'yaml';
import { HOSTILE_NAMES, injectedInto, UNSEEN } from '../../support/hostile-names.js';

describe.each(HOSTILE_NAMES)('the name %j', (name) => {
  it('is text in a map of embeddings, as SVG and as pixels', async () => {
    const points = [
      [0, 1],
      [1, 0],
    ] as const;
    const svg = embeddingMap({ title: name, points, labels: [0, 1], classNames: [name, `${name} b`] });
    expect(svg).not.toMatch(UNSEEN);
    expect(injectedInto(svg)).toEqual([]);
    // The decoder of SVG refuses what is not well-formed.
    const png = (await encodeFigure('map.png', svg)) as Buffer;
    expect((await sharp(png).metadata()).format).toBe('png');
  });

  it('is text on a contact sheet and beside an attribution map', async () => {
    const shape = { height: 2, width: 2, channels: 1 };
    const picture = { width: 2, height: 2, channels: 3 as const, data: new Uint8Array(12) };
    const sheet = await contactSheet([{ name, pictures: [picture] }]);
    const heat = await heatSheet({
      ...{ pixels: new Uint8Array(4), shape, map: new Float32Array(4).fill(0.5), title: name, unit: name },
    });
    for (const png of [sheet, heat]) expect((await sharp(png).metadata()).format).toBe('png');
  });

  it('is text in what is deployed', () => {
    const guide = webGuide(name);
    expect(guide).not.toMatch(UNSEEN);
    expect(guide.split('\n', 1)[0]).not.toMatch(/(^|[^\\])[<>`*&]/);
    const manifest = deploymentManifest('image', name);
    expect(manifest).not.toMatch(UNSEEN);
    const { metadata } = parse(manifest) as { metadata: { annotations: Record<string, string> } };
    expect(metadata.annotations['mnist-train/run']).toBe(name);
  });
});
