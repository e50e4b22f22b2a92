"""The fan-out's native twin, in C. It may be missing: the package installs without a compiler."""
