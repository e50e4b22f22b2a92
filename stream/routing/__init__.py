"""Who gets which packet: producers, slots, consumers. Takes values and `now`, returns values."""
