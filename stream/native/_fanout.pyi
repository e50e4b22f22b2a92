"""What `fanout.c` offers. The types that it takes are those of stream/transport/fanout.py."""

from collections.abc import Callable, Sequence
from typing import Any, final

@final
class Sealer:
    def __new__(cls, key: bytes, salt: bytes, library: str | None = None) -> Sealer: ...
    @property
    def library(self) -> str: ...
    def seal(self, header: bytes, payload: bytes, ssrc: int, index: int, /) -> bytes: ...

_Faults = tuple[int, int, int, dict[int, int]]

@final
class Fanout:
    def __new__(
        cls, family: int, segmented: bool, gcm_type: type, make_sealer: Callable[[Any], Sealer]
    ) -> Fanout: ...
    def deliver(
        self,
        socket: int,
        packets: Sequence[Any],
        recipients: Sequence[Any],
        numberings: Sequence[Sequence[Any]] | None,
        /,
    ) -> tuple[int, _Faults | None, list[int] | None]: ...

def libraries() -> tuple[str, ...]: ...
def why_no_ipsec_mb() -> str | None: ...
