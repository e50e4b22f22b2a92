"""`python -m signaling` is the command `rostrum`."""

from signaling.cli import main

main()
