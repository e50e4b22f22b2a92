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
    def forget(self) -> None: ...

def libraries() -> tuple[str, ...]: ...
def why_no_ipsec_mb() -> str | None: ...

@final
class Opener:
    def __new__(
        cls, key: bytes, salt: bytes, rtcp_key: bytes, rtcp_salt: bytes, library: str | None = None
    ) -> Opener: ...
    def open(self, data: bytes, header_length: int, /) -> bytes | str: ...
    def open_rtcp(self, data: bytes, /) -> bytes | str: ...

@final
class Inlet:
    def __new__(
        cls,
        family: int,
        rtp_packet: type,
        report_block: type,
        receiver_report: type,
        transport_feedback: type,
    ) -> Inlet: ...
    def bind(self, host: str, port: int, place: tuple[Any, Any], /) -> None: ...
    def unbind(self, host: str, port: int, /) -> None: ...
    def receive(self, socket: int, /) -> list[Any]: ...
    def read(self, data: bytes, /) -> list[Any] | str | None: ...
