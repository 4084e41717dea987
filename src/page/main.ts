import { openEncryption } from './encrypted-server.js';
import { openPage } from './page.js';
import { askServer, fetchBrowserModel, fetchDescription, fetchExamples } from './server.js';

/** The page of `mnist serve`: the model on the server answers, and the same one in the browser while a visitor draws. */
openPage({
  describe: fetchDescription,
  load: fetchBrowserModel,
  askServer,
  examples: fetchExamples,
  openEncryption,
});
