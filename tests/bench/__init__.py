"""Measurements: `make bench` runs them, with `-m benchmark`."""
