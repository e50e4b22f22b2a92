"""Measuring the control plane: real signaling processes, a real Redis, real WebSockets.

What stream/bench is to the relay. The law is the same: what is measured is a process of its own, started
like any other and looked at from outside, and a run that says more of the load than of it is INVALID.
"""
