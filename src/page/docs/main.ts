import { openRequests } from './requests.js';

/** The script of the documentation page of `mnist serve`: sends the requests that it describes. */
document.documentElement.classList.add('is-scripted');
openRequests();
