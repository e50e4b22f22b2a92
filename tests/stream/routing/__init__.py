"""Tests of who gets which packet."""
