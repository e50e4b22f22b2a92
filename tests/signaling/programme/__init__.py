"""Tests of signaling/programme."""
