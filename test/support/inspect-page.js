// Evaluated in a browser's page, as text: what a reader of a data card may stumble over.
/* global document, getComputedStyle, innerWidth */
(() => {
  // Mixed colours come as color(srgb 0.5 0.5 0.5), others as rgb(128, 128, 128).
  const rgb = (color) =>
    (color.match(/[\d.]+/g) ?? [])
      .slice(0, 3)
      .map((part) => Number(part) * (color.startsWith('color(srgb') ? 255 : 1));
  const luminance = (color) => {
    const [red = 0, green = 0, blue = 0] = rgb(color).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const groundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (color !== 'rgba(0, 0, 0, 0)') return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const hasText = (element) =>
    [...element.childNodes].some((node) => node.nodeType === 3 && (node.nodeValue ?? '').trim() !== '');
  const contrasts = [...document.querySelectorAll('body *')].filter(hasText).map((element) => {
    const style = getComputedStyle(element);
    const ink = luminance(element.tagName === 'text' ? style.fill : style.color);
    const ground = luminance(groundOf(element));
    return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
  });
  const images = [...document.images];
  return {
    overflow: Math.max(0, document.documentElement.scrollWidth - innerWidth),
    images: images.length,
    brokenImages: images.filter((image) => image.naturalWidth === 0).length,
    unnamed: [
      ...images.filter((image) => !image.hasAttribute('alt')).map((image) => image.outerHTML),
      ...[...document.querySelectorAll('svg:not([aria-hidden])')]
        .filter((chart) => chart.querySelector('title')?.textContent === '')
        .map((chart) => chart.outerHTML),
    ],
    isDark: luminance(getComputedStyle(document.body).backgroundColor) < 0.2,
    contrast: Math.min(...contrasts),
    headings: [...document.querySelectorAll('h1,h2,h3')].map(({ tagName }) => tagName),
  };
})();
