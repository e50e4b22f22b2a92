"""The programme of an event: pure. Formats in, one model, calendars and tables out; no clock, no socket."""
