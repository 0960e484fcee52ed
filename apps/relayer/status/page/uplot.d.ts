// What the browser gets as ./uplot.js is uPlot's own module, served from where npm has put it: here are its types.
import uPlot from 'uplot';

export default uPlot;
export type Plugin = uPlot.Plugin;
