"""Every message of the WebSocket, as tagged unions: the one description of the protocol.

The JSON Schema, the AsyncAPI page and the browser's types are generated from here. The law: a *command*
is an intent with an idempotency id, an *event* is a fact with a sequence number, a *snapshot* is a
joiner's state; whatever is none of these (presence, media, notices) is ephemeral and never resumed.
Times are integer milliseconds since 1970, by the server's clock.
"""

from __future__ import annotations

from signaling.protocol.access import *
from signaling.protocol.announcements import *
from signaling.protocol.backstage import *
from signaling.protocol.base import *
from signaling.protocol.captions import *
from signaling.protocol.chat import *
from signaling.protocol.clock import *
from signaling.protocol.cues import *
from signaling.protocol.declarations import *
from signaling.protocol.floor import *
from signaling.protocol.lifecycle import *
from signaling.protocol.messages import *
from signaling.protocol.polls import *
from signaling.protocol.preflight import *
from signaling.protocol.questions import *
from signaling.protocol.reactions import *
from signaling.protocol.stage import *
from signaling.protocol.unions import *
