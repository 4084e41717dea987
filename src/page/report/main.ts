import { openMatrices } from './matrix.js';
import { openPlots } from './plots.js';

/** The script of reports and data cards: values of charts and images of the confusion matrix, for mouse, finger and keyboard. */
document.documentElement.classList.add('is-scripted');
openPlots();
openMatrices();
