"""Offers for tests: those of real clients, and a builder for the rest; and a relay's side of them."""

from __future__ import annotations

import re
from pathlib import Path

from stream.negotiation import LocalTransport

DATA = Path(__file__).parents[1] / "data" / "sdp"
PUBLISHERS = [path.stem for path in sorted(DATA.glob("whip-*.offer")) if "vp9" not in path.stem]
VIEWERS = [path.stem for path in sorted(DATA.glob("whep-*.offer"))]

LOCAL = LocalTransport(
    ufrag="relayufrag",
    pwd="relaypasswordrelaypassword",
    fingerprint=":".join(["AB"] * 32),
    candidates=(("127.0.0.1", 7000), ("::1", 7000)),
)
SLOTS = ("main", "slides", "audio", "audio0", "audio1", "audio2")


class Slots:
    """One viewer's SSRCs: 1000 and up, their RTX 2000 and up, in the order of SLOTS."""

    def ssrc(self, slot: str) -> tuple[int, int]:
        return 1000 + SLOTS.index(slot), 2000 + SLOTS.index(slot)


def real(name: str) -> str:
    return (DATA / f"{name}.offer").read_bytes().decode()


def lines_of(answer: str) -> list[list[str]]:
    """Cut an answer into its session part and its m-sections."""
    return [section.split("\r\n") for section in re.split(r"(?m)^(?=m=)", answer.removesuffix("\r\n"))]


# Offers written here: a head, and sections that are right unless a test says otherwise.

TRANSPORT = (
    "a=ice-ufrag:them",
    "a=ice-pwd:" + "p" * 24,
    "a=fingerprint:sha-256 " + ":".join(["0A"] * 32),
    "a=setup:actpass",
    "a=rtcp-mux",
)
OPUS = ("a=rtpmap:111 opus/48000/2",)
VP8 = ("a=rtpmap:96 VP8/90000", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96")
VP9 = ("a=rtpmap:98 VP9/90000", "a=rtpmap:99 rtx/90000", "a=fmtp:99 apt=98")


def h264(number: int, profile: str = "42e01f", mode: int = 1) -> tuple[str, ...]:
    return (
        f"a=rtpmap:{number} H264/90000",
        f"a=fmtp:{number} level-asymmetry-allowed=1;packetization-mode={mode};profile-level-id={profile};"
        "sprop-parameter-sets=Z0LgH9kA,aMuA",
    )


def section(kind: str, mid: int | str, direction: str, *codecs: str, without: str = "") -> list[str]:
    numbers = [line.split(" ")[0].removeprefix("a=rtpmap:") for line in codecs if "rtpmap" in line]
    lines = [
        f"m={kind} 9 UDP/TLS/RTP/SAVPF {' '.join(numbers) or '0'}",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{mid}",
        f"a={direction}",
        *TRANSPORT,
        *codecs,
    ]
    return [line for line in lines if not without or without not in line]


def offer(*sections: list[str], bundle: str | None = None) -> str:
    if bundle is None:
        bundle = " ".join(line[6:] for lines in sections for line in lines if line.startswith("a=mid:"))
    head = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0"]
    head += [f"a=group:BUNDLE {bundle}"] if bundle else []
    return "\r\n".join([*head, *(line for lines in sections for line in lines)]) + "\r\n"
