"""Real WebRTC peers on aiortc: `rostrum publish` and the tests use them. Never on the relay's path."""
