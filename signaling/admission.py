"""Whether who has a good token is still welcome in a session, by what its log says now: pure.

The law: a token says what somebody was given, the log what was taken back since; both are asked at every
door, at every command and at every resume. What a role may do is another matter (auth.py).
"""

from __future__ import annotations

from typing import Final

from signaling.auth import Claims
from signaling.errors import AuthError, Forbidden
from signaling.session.access import invitation_entity
from signaling.session.decision import person_entity
from signaling.session.state import State

_AT_WORK: Final = frozenset({"hall", "interpreter", "moderator", "chair", "producer", "owner"})


def admit(state: State, claims: Claims, now: float) -> None:
    """Raise AuthError or Forbidden unless the bearer is welcome at `now` (seconds since 1970).

    An owner of all sessions always is.
    """
    if claims.exp <= now:
        raise AuthError("token_expired", "The token has expired.")
    if claims.session != state.session.id:
        return
    access = state.access
    if claims.sub in access.barred:
        raise Forbidden("ejected", "You have been put out of this session.")
    if claims.invitation in access.invitations:
        raise Forbidden("invitation_revoked", "This invitation has been withdrawn.")
    if claims.gen < access.generation(claims.sub):
        raise AuthError("token_revoked", "This token is no longer valid.")
    programme = state.session.programme
    closed = programme is not None and programme.visibility == "invitation"
    if closed and claims.event and claims.role not in _AT_WORK:
        raise Forbidden("invitation_needed", "This session needs an invitation of its own.")


def entities(claims: Claims) -> tuple[str, ...]:
    """Name what the bearer's welcome leans on, so that no decision outlives it."""
    named = (person_entity(claims.sub),)
    return (*named, invitation_entity(claims.invitation)) if claims.invitation else named
