import { openPage } from './page.js';
import { askServer, fetchBrowserModel, fetchDescription } from './server.js';

/** The page of `mnist serve`: the server's model beside the same one in the browser. */
openPage({ describe: fetchDescription, load: fetchBrowserModel, askServer });
