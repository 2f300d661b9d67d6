// The file beside the page, /explorer/uplot.js: uPlot and nothing else. The page fetches it when
// it shows charts; without it (a saved page, an older server) charts are their tables.

import uPlot from 'uplot';

(globalThis as { uPlot?: unknown }).uPlot = uPlot;
