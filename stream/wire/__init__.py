"""Bytes to values and back, pure: no socket, no clock, no await."""
