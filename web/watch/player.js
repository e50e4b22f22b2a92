/** What a viewer may change of the picture: how slides and speaker stand, sound alone, a small window. */

/** @import { LiveSession } from '../shared/session.js' */
/** @import { Viewer } from '../shared/media/whep.js' */

import { CaptionsButton, CaptionsChoice } from '../shared/ui/captions.js';
import { Drop } from '../shared/ui/drop.js';
import { Segments, Switch } from '../shared/ui/fields.js';
import { IconButton } from '../shared/ui/parts.js';
import { SoundBar } from '../shared/ui/sound.js';
import { words } from '../shared/words.js';
import { html } from '../vendor/htm-preact.js';
import { useEffect, useState } from '../vendor/preact-hooks.js';
import { ARRANGEMENTS, arranged } from './arranged.js';

/** @param {{ session: LiveSession, viewer: Viewer }} props */
export function Player({ session, viewer }) {
  const { player } = words;
  const slides = viewer.shown.slides.value !== 'none';
  return html`
    <div class="player" role="group" aria-label=${player.label}>
      <${SoundBar} viewer=${viewer} fill=${() => document.querySelector('.picture')}>
        <${CaptionsButton} session=${session} />
        <${Drop} icon="view" label=${player.view}>
          ${slides &&
          html`<${Segments}
            name="layout"
            label=${player.layout}
            value=${arranged.value}
            keys=${ARRANGEMENTS}
            choices=${player.layouts}
            onChange=${(/** @type {string} */ key) => (arranged.value = key)}
          />`}
          <${Switch}
            label=${player.soundOnly}
            how=${player.soundOnlyHow}
            on=${viewer.soundOnly.value}
            onChange=${(/** @type {boolean} */ on) => (viewer.soundOnly.value = on)}
          />
          <${CaptionsChoice} session=${session} />
          <p class="quiet quality">
            ${player.quality.label}${' '}<span data-quality=${viewer.quality.value}>${player.quality[viewer.quality.value]}</span>
          </p>
        <//>
        <${SmallWindow} viewer=${viewer} />
      <//>
    </div>
  `;
}

/** @param {{ viewer: Viewer }} props */
function SmallWindow({ viewer }) {
  const [small, setSmall] = useState(false);
  useEffect(() => {
    const look = () => setSmall(!!document.pictureInPictureElement);
    for (const name of ['enterpictureinpicture', 'leavepictureinpicture']) document.addEventListener(name, look, true);
    return () => {
      for (const name of ['enterpictureinpicture', 'leavepictureinpicture']) document.removeEventListener(name, look, true);
    };
  }, []);
  // Firefox has a button of its own on the picture, and no way to ask for it.
  if (!document.pictureInPictureEnabled) return null;
  const name = viewer.shown.main.value !== 'none' ? 'main' : 'slides';
  const toggle = async () => {
    const video = document.querySelector(`[data-slot=${name}] video`);
    if (small) await document.exitPictureInPicture();
    // Refused where the system allows no such window: the page works without.
    else if (video instanceof HTMLVideoElement) await video.requestPictureInPicture().catch(() => undefined);
  };
  return html`<${IconButton}
    icon="small"
    label=${small ? words.player.leaveSmall : words.player.small}
    disabled=${viewer.shown[name].value === 'none'}
    onClick=${toggle}
  />`;
}
