"""What a PATCH of a transport asks: trickled candidates, or an ICE restart (RFC 9725, section 4.3).

The law: without the ETag of the resource nothing is done; a restart is known by `If-Match: "*"` and comes
with credentials. It must not know which process the transport is in.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from stream.answer import write_restart
from stream.engine import Engine
from stream.errors import RelayError

_UFRAG_LINE = re.compile(r"^a=ice-ufrag:(\S+)", re.MULTILINE)


class Restart(NamedTuple):
    """ICE was restarted: the new ETag, and the SDP fragment with our new credentials."""

    etag: str
    fragment: str


def patch(engine: Engine, transport_id: str, match: str | None, fragment: str) -> Restart | None:
    """Take trickled candidates (None), or restart ICE. Raises RelayError.

    A lite agent never dials, so candidates are noted by nobody. `match` is the header If-Match.
    """
    peer = engine.peer(transport_id)
    if match is None:
        raise RelayError("etag_required", "Send the ETag of the resource in If-Match.", 428)
    if match.strip() not in ('"*"', "*"):
        if match.strip().strip('"') != peer.etag:
            raise RelayError("etag_mismatch", "ICE was restarted since; this ETag is old.", 412)
        return None
    if not _UFRAG_LINE.search(fragment):
        raise RelayError("malformed_fragment", "An ICE restart needs a=ice-ufrag and a=ice-pwd.", 400)
    etag, local = engine.restart_ice(transport_id)
    return Restart(etag, write_restart(local))
