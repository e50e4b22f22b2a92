"""Who gets which packet: producers, slots, consumers. Takes values and `now`, returns values."""

from stream import compiled

compiled.prefer(__name__, __path__)
