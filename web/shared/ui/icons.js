/** The pages' one set of icons: 24 units square, drawn with a line of 1.5. Each goes with a word. */

import { html } from '../../vendor/htm-preact.js';

const PATHS = {
  camera: 'M3 7.5h11v9H3zM14 11l6-3.5v9L14 13',
  cameraOff: 'M3 7.5h11v9H3zM14 11l6-3.5v9L14 13M4 3l16 18',
  microphone: 'M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4',
  microphoneOff: 'M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4M4 3l16 18',
  slides: 'M3 4h18M4.5 4v11h15V4M12 15v3M8.5 21l3.5-3 3.5 3',
  sound: 'M4 9.5h3.5L12 6v12l-4.500-3.500H4zM15.500 9a4 4 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11',
  soundOff: 'M4 9.5h3.500L12 6v12l-4.500-3.500H4zM16 9.500l5 5M21 9.500l-5 5',
  fullScreen: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  leave: 'M13 4H5v16h8M10 12h10M16.500 8.500 20 12l-3.500 3.500',
};

/** @typedef {keyof typeof PATHS} IconName */

/** @param {{ name: IconName }} props */
export const Icon = ({ name }) => html`
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>
`;
