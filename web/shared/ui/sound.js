/** Sound and full screen: what a viewer may change of the picture and nobody else notices. */

/** @import { Viewer } from '../media/whep.js' */

import { html } from '../../vendor/htm-preact.js';
import { useEffect, useState } from '../../vendor/preact-hooks.js';
import { words } from '../words.js';
import { IconButton } from './parts.js';

const KEPT = 'rostrum.volume';

/**
 * The bar below a picture. Where the browser wants a click before sound, that is the one large button.
 *
 * @param {{ viewer: Viewer, fill: () => Element | null,
 *   children?: import('../../vendor/preact.js').ComponentChildren }} props `fill`: what fills the screen
 */
export function SoundBar({ viewer, fill, children }) {
  const full = useFullScreen();
  useEffect(() => {
    const kept = Number(localStorage.getItem(KEPT) ?? 1);
    viewer.volume.value = kept > 0 && kept <= 1 ? kept : 1;
  }, [viewer]);
  const muted = viewer.muted.value;
  const turn = () => {
    viewer.muted.value = !muted;
    if (muted) viewer.playSound();
  };
  return html`
    <div class="sound-bar">
      ${viewer.soundBlocked.value && !muted
        ? html`<button type="button" class="button primary" onClick=${() => viewer.playSound()}>
            ${words.player.playSound}
          </button>`
        : html`
            <${IconButton}
              icon=${muted ? 'soundOff' : 'sound'}
              label=${muted ? words.player.unmute : words.player.mute}
              onClick=${turn}
            />
            <input
              type="range"
              min="0.05"
              max="1"
              step="0.05"
              aria-label=${words.player.volume}
              value=${viewer.volume.value}
              onInput=${(/** @type {{ currentTarget: HTMLInputElement }} */ { currentTarget }) => {
                viewer.volume.value = Number(currentTarget.value);
                if (muted) turn();
                localStorage.setItem(KEPT, currentTarget.value);
              }}
            />
          `}
      ${children}
      ${document.fullscreenEnabled &&
      html`<${IconButton}
        icon="fullScreen"
        label=${full ? words.player.leaveFullScreen : words.player.fullScreen}
        onClick=${() => (full ? document.exitFullscreen() : fill()?.requestFullscreen())}
      />`}
    </div>
  `;
}

function useFullScreen() {
  const [full, setFull] = useState(false);
  useEffect(() => {
    const look = () => setFull(!!document.fullscreenElement);
    document.addEventListener('fullscreenchange', look);
    return () => document.removeEventListener('fullscreenchange', look);
  }, []);
  return full;
}
