"""The pure core of one live session: values in, values out; no clock, no socket, no Redis."""
