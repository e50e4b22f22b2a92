"""The media plane: packets, transports, tracks. Knows nothing of users, chat or Redis."""
