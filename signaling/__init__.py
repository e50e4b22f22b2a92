"""The control plane: people, sessions, questions. Never touches a media packet."""
