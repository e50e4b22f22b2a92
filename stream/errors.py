"""The media plane's errors: what a relay refuses, and why.

Every refusal carries a stable `code` for machines, a sentence for people and the HTTP status under
which it leaves the relay. Parsers have errors of their own (`StunError`, `RtcpError`, `SdpError`):
those say that bytes were bad, these say what we do about a request. No HTTP type is known here.
"""

from __future__ import annotations


class RelayError(Exception):
    """A request the relay does not serve.

    RelayError
     └── OfferRefused    an SDP offer that cannot be answered (4xx)

    `status` is the HTTP status (RFC 9110); `retry_after`, if any, is in seconds.
    """

    def __init__(self, code: str, detail: str, status: int, retry_after: int | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.status = status
        self.retry_after = retry_after


class OfferRefused(RelayError):  # noqa: N818  a refusal is no fault of ours
    """An offer that cannot be answered: 400 if it is not SDP as we know it, else 422.

    RFC 9725 (section 4.4.3) wants no half-successful answers: an offer with a part we cannot serve is
    refused whole, with 422 Unprocessable Content, rather than accepted without its picture.
    """

    def __init__(self, code: str, detail: str, status: int = 422) -> None:
        super().__init__(code, detail, status)
