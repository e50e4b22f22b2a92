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
  captions: 'M3 5.500h18v13H3zM6 12h5M13 12h5M6 15.500h3M11 15.500h7',
  view: 'M4 6h10M18 6h2M4 12h2M10 12h10M4 18h8M16 18h4M16 4v4M8 10v4M14 16v4',
  small: 'M3 5h18v14H3zM12 12h7v5h-7z',
  hand: 'M8 13V6.500a1.500 1.500 0 0 1 3 0V11V5a1.500 1.500 0 0 1 3 0v6V6.500a1.500 1.500 0 0 1 3 0V14a7 7 0 0 1-7 7c-3 0-4.500-1.500-6-4.500L2.800 13a1.400 1.400 0 0 1 2.500-1.300L8 15',
  vote: 'M12 19V6M6.500 11.500 12 6l5.500 5.500',
  up: 'M12 18V6M7 11l5-5 5 5',
  down: 'M12 6v12M7 13l5 5 5-5',
  still: 'M3 5h18v14H3zM8 10h8M10 14h4',
  clap: 'M8 13 5.500 10.500a1.400 1.400 0 0 1 2-2L11 12M9.500 10.500 6.800 7.800a1.400 1.400 0 0 1 2-2L13 10M11.500 8.500 9.800 6.800a1.400 1.400 0 0 1 2-2l5.500 5.500V8a1.400 1.400 0 0 1 2.800 0v5a7 7 0 0 1-7 7c-3 0-4.500-1.500-6-3L5 14.500M15 2v2M19 3l-1 1.500',
  heart: 'M12 20C5 15 3.500 11.500 3.500 9A4.500 4.500 0 0 1 12 7a4.500 4.500 0 0 1 8.500 2c0 2.500-1.500 6-8.500 11z',
  laugh: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM7.500 13.500a4.600 4.600 0 0 0 9 0zM8.500 9.500h1M14.500 9.500h1',
  wow: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 13a2 2 0 0 1 2 2.200 2 2 0 0 1-4 0A2 2 0 0 1 12 13zM8.500 9.500h1M14.500 9.500h1',
  thanks: 'M12 4v9M12 4c-2 0-2 3-2 5l-5 6 4 5 3-3M12 4c2 0 2 3 2 5l5 6-4 5-3-3',
  calendar: 'M4 6h16v14H4zM4 10h16M8 3v5M16 3v5',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  warn: 'M12 4 21 20H3zM12 10v5M12 17.500v.5',
  wait: 'M12 4a8 8 0 1 0 8 8M12 8v4l3 2',
  pin: 'M9 4h6l-1 6 3 3H7l3-3zM12 13v7',
  reply: 'M9 7 4 12l5 5M4 12h9a6 6 0 0 1 6 6',
  leave: 'M13 4H5v16h8M10 12h10M16.500 8.500 20 12l-3.500 3.500',
};

/** @typedef {keyof typeof PATHS} IconName */

export const NAMES = /** @type {IconName[]} */ (Object.keys(PATHS));

/** @param {{ name: IconName }} props */
export const Icon = ({ name }) => html`
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>
`;
