/** Other people's WHIP and WHEP clients, bundled by the test for a page of their own. */

import { WebRTCPlayer } from '@eyevinn/webrtc-player';
import { WHIPClient } from '@eyevinn/whip-web-client';

Object.assign(globalThis, { WebRTCPlayer, WHIPClient });
