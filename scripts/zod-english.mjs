/** For esbuild: leaves out zod's messages in fifty languages; ours are our own. */
export const zodEnglish = {
  name: 'zod-english',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/locales\/index\.js$/ }, ({ resolveDir }) => ({
      path: 'locales',
      namespace: 'english',
      pluginData: resolveDir,
    }));
    onLoad({ filter: /^locales$/, namespace: 'english' }, ({ pluginData }) => ({
      contents: "export { default as en } from '../locales/en.js';",
      resolveDir: pluginData,
    }));
  },
};
