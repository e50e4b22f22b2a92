"""Bytes to values and back, pure: no socket, no clock, no await."""

from stream import compiled

compiled.prefer(__name__, __path__)
