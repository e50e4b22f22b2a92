"""What was tried, what should come of it, and what was seen: pure."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the account. `at` and `took` are in seconds, since the day began and for this alone."""

    session: str
    what: str
    expected: str
    seen: str
    well: bool
    at: float
    took: float | None = None

    def as_dict(self) -> dict[str, object]:
        """Return it for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass
class Account:
    """All lines so far, and whom to tell each as it is written."""

    tell: Callable[[Check], None] = lambda check: None
    checks: list[Check] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def equal(
        self, session: str, what: str, expected: object, seen: object, took: float | None = None
    ) -> bool:
        """Write down whether what was seen is what was expected."""
        return self._write(session, what, str(expected), str(seen), expected == seen, took)

    def within(self, session: str, what: str, seconds: float, took: float) -> bool:
        """Write down whether something took no longer than it may."""
        return self._write(session, what, f"≤ {seconds:.1f} s", f"{took:.2f} s", took <= seconds, took)

    def failed(self, session: str, what: str, reason: str) -> None:
        """Write down what could not be done."""
        self._write(session, what, "done", reason, False, None)

    def _write(
        self, session: str, what: str, expected: str, seen: str, well: bool, took: float | None
    ) -> bool:
        check = Check(session, what, expected, seen, well, time.monotonic() - self.began, took)
        self.checks.append(check)
        self.tell(check)
        return well

    @property
    def wrong(self) -> tuple[Check, ...]:
        """The lines that do not add up."""
        return tuple(check for check in self.checks if not check.well)
