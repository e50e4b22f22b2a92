"""One live session, pure: state, decide, apply, audience. No I/O, no clock."""
