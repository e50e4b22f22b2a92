"""Tests of a peer's path to the wire."""
