import { openEncryption } from './encrypted-server.js';
import { openPage } from './page.js';
import { askServer, fetchBrowserModel, fetchDescription } from './server.js';

/** The page of `mnist serve`: compares the model on the server with the same one in the browser. */
openPage({ describe: fetchDescription, load: fetchBrowserModel, askServer, openEncryption });
