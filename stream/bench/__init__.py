"""Measurements of a relay under real load: `rostrum bench`. Never on the relay's path.

A publisher and many viewers, light enough to share a machine with what they measure, speak WHIP and WHEP
(or another server's signalling), ICE, DTLS, SRTP and RTCP to a relay in a process of its own.
"""
