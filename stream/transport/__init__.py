"""One peer's path to the wire: ICE-lite, DTLS, SRTP, the one UDP port, the fan-out."""
