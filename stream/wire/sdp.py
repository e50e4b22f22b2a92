"""Session descriptions as values: what a WebRTC offer says, line by line.

Reads the part of SDP that WebRTC uses (RFC 8866, RFC 9429) into values that negotiation can ask plain
questions of; attributes said once for the session are repeated on each media section. The law: `parse`
is bounded, and raises SdpError, nothing else, whatever the text. Attributes it does not know are passed
over. What is acceptable, and what to answer, is `stream.negotiation`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, cast, get_args

Direction: TypeAlias = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
Setup: TypeAlias = Literal["actpass", "active", "passive", "holdconn"]

MAX_BYTES: Final = 64 * 1024
MAX_MEDIA: Final = 32
MAX_CANDIDATES: Final = 200
MAX_MID: Final = 16
"""Longest MID a one-byte RTP header extension carries, bytes (RFC 8285, section 4.2)."""

_SIMULCAST_MAX: Final = 16
_DIRECTIONS: Final[tuple[Direction, ...]] = get_args(Direction)
_SETUPS: Final = get_args(Setup)
_U32: Final = 0xFFFFFFFF

_control = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_token = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+")
_rid = re.compile(r"[0-9A-Za-z_-]{1,255}")
_ice_chars = re.compile(r"[0-9A-Za-z+/=_-]+")
_fingerprint = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){15,63}")


class SdpError(ValueError):
    """A text that is not SDP as we know it, or too much of it. `reason` is a short name to count by."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Codec:
    """One payload type: rtpmap, fmtp and rtcp-fb (RFC 8866, 6.6 and 6.15; RFC 4585, section 4.2).

    `name` is spelt as offered. `parameters` has lower-case keys; `fmtp` is the same, as it was written.
    """

    payload_type: int
    name: str
    clock_rate: int
    channels: int = 1
    fmtp: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    feedback: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Media:
    """One m-section. `codecs` and `formats` are in the offer's order of preference.

    `fingerprints` are (algorithm in lower case, value in upper case); `ssrc_groups` are (semantics,
    SSRCs); `simulcast_send` lists RIDs, of alternatives the first; `candidates` is only their number.
    """

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    mid: str = ""
    direction: Direction = "sendrecv"
    codecs: tuple[Codec, ...] = ()
    extensions: Mapping[int, str] = field(default_factory=dict)
    ice_ufrag: str = ""
    ice_pwd: str = ""
    fingerprints: tuple[tuple[str, str], ...] = ()
    setup: Setup | None = None
    rids_send: tuple[str, ...] = ()
    simulcast_send: tuple[str, ...] = ()
    ssrcs: tuple[int, ...] = ()
    ssrc_groups: tuple[tuple[str, tuple[int, ...]], ...] = ()
    msid: str = ""
    rtcp_mux: bool = False
    rtcp_rsize: bool = False
    bundle_only: bool = False
    extmap_allow_mixed: bool = False
    candidates: int = 0


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """A whole description. `bundle` is the first BUNDLE group's MIDs in order (RFC 9143)."""

    media: tuple[Media, ...]
    bundle: tuple[str, ...] = ()


Attributes: TypeAlias = dict[str, list[str]]
"""The `a=` lines of one section: name to values, each in order."""


def parse(text: str) -> SessionDescription:
    """Read an offer or answer; line ends may be CRLF or LF.

    Raises SdpError if it is not SDP, contradicts itself, or is beyond MAX_BYTES, MAX_MEDIA or
    MAX_CANDIDATES.
    """
    sections = _sections(text)
    session = sections[0][1]
    media = tuple(_media(line, attributes, session) for line, attributes in sections[1:])
    mids = [section.mid for section in media if section.mid]
    if len(set(mids)) != len(mids):
        raise SdpError("duplicate_mid")
    if sum(section.candidates for section in media) > MAX_CANDIDATES:
        raise SdpError("too_many_candidates")
    return SessionDescription(media, _bundle(session))


def _sections(text: str) -> list[tuple[str, Attributes]]:
    """Cut a text into the session and its media: the value of each m-line, and the attributes below it."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise SdpError("not_text") from None
    if size > MAX_BYTES:
        raise SdpError("too_long")
    if _control.search(text):
        raise SdpError("control_character")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if lines[0] != "v=0":
        raise SdpError("no_version")
    sections: list[tuple[str, Attributes]] = [("", {})]
    for line in lines:
        if not line:
            continue
        kind, equals, value = line[0], line[1:2], line[2:]
        if equals != "=" or not "a" <= kind <= "z" or "\r" in value:
            raise SdpError("bad_line")
        if kind == "m":
            if len(sections) > MAX_MEDIA:
                raise SdpError("too_many_lines")
            sections.append((value, {}))
        elif kind == "a":
            name, _, argument = value.partition(":")
            sections[-1][1].setdefault(name, []).append(argument.strip())
    return sections


def _media(line: str, attributes: Attributes, session: Attributes) -> Media:
    """Read one m-section (RFC 8866, section 5.14); what it does not say itself, the session may."""
    words = line.split()
    if len(words) < 4 or not _token.fullmatch(words[0]):
        raise SdpError("bad_media_line")
    kind, port, protocol, *formats = words
    return Media(
        kind=kind,
        port=_number(port.partition("/")[0], 0xFFFF),
        protocol=protocol,
        formats=tuple(formats),
        mid=_mid(_last(attributes, "mid")),
        direction=_direction(attributes) or _direction(session) or "sendrecv",
        codecs=_codecs(formats, attributes),
        extensions=_extensions(session) | _extensions(attributes),
        ice_ufrag=_ice(attributes, session, "ice-ufrag", 4),
        ice_pwd=_ice(attributes, session, "ice-pwd", 22),
        fingerprints=_fingerprints(attributes) or _fingerprints(session),
        setup=_setup(attributes) or _setup(session),
        rids_send=_rids_send(attributes),
        simulcast_send=_simulcast_send(attributes),
        ssrcs=_ssrcs(attributes),
        ssrc_groups=_ssrc_groups(attributes),
        msid=_last(attributes, "msid"),
        rtcp_mux="rtcp-mux" in attributes or "rtcp-mux-only" in attributes,
        rtcp_rsize="rtcp-rsize" in attributes,
        bundle_only="bundle-only" in attributes,
        extmap_allow_mixed="extmap-allow-mixed" in attributes or "extmap-allow-mixed" in session,
        candidates=len(attributes.get("candidate", ())),
    )


def _codecs(formats: Iterable[str], attributes: Attributes) -> tuple[Codec, ...]:
    """Gather the payload types that have an rtpmap, in the order of the m-line."""
    maps = _by_payload_type(attributes, "rtpmap")
    fmtps = _by_payload_type(attributes, "fmtp")
    feedback = _by_payload_type(attributes, "rtcp-fb")
    codecs: list[Codec] = []
    for payload_type in dict.fromkeys(formats):
        if payload_type not in maps:
            continue
        name, _, rest = maps[payload_type][0].partition("/")
        clock_rate, _, channels = rest.partition("/")
        if not _token.fullmatch(name):
            raise SdpError("bad_rtpmap")
        fmtp = fmtps.get(payload_type, [""])[0]
        codecs.append(
            Codec(
                payload_type=_number(payload_type, 127),
                name=name,
                clock_rate=_number(clock_rate, _U32),
                channels=_number(channels, 255) if channels else 1,
                fmtp=fmtp,
                parameters=_parameters(fmtp),
                feedback=frozenset(feedback.get(payload_type, []) + feedback.get("*", [])),
            )
        )
    return tuple(codecs)


def _by_payload_type(attributes: Attributes, name: str) -> dict[str, list[str]]:
    """Sort `a=name:<payload type> <value>` by payload type."""
    values: dict[str, list[str]] = {}
    for value in attributes.get(name, ()):
        payload_type, _, rest = value.partition(" ")
        values.setdefault(payload_type, []).append(rest.strip())
    return values


def _parameters(fmtp: str) -> dict[str, str]:
    """Read `key=value;key=value`; a word alone is a key with an empty value."""
    pairs = (item.partition("=") for item in fmtp.split(";"))
    return {key.strip().lower(): value.strip() for key, _, value in pairs if key.strip()}


def _extensions(attributes: Attributes) -> dict[int, str]:
    """Read `a=extmap:<id>[/direction] <URI>` (RFC 8285, section 5). Ids go up to 255."""
    extensions: dict[int, str] = {}
    for value in attributes.get("extmap", ()):
        number, _, rest = value.partition(" ")
        uri = rest.split(" ", 1)[0]
        identifier = _number(number.partition("/")[0], 0xFFFF)
        if identifier in extensions:
            raise SdpError("duplicate_extension")
        if 1 <= identifier <= 255:  # 4096 and up are proposals without an id yet (RFC 8285, section 5)
            extensions[identifier] = uri
    return extensions


def _ice(attributes: Attributes, session: Attributes, name: str, shortest: int) -> str:
    """Read an ICE ufrag or password, "" if there is none (RFC 8839, section 5.4)."""
    value = _last(attributes, name) or _last(session, name)
    if value and not (shortest <= len(value) <= 256 and _ice_chars.fullmatch(value)):
        raise SdpError("bad_ice_credentials")
    return value


def _fingerprints(attributes: Attributes) -> tuple[tuple[str, str], ...]:
    """Read certificate fingerprints of any algorithm (RFC 8122, section 5)."""
    fingerprints: list[tuple[str, str]] = []
    for argument in attributes.get("fingerprint", ()):
        algorithm, _, value = argument.partition(" ")
        if not _fingerprint.fullmatch(value.upper()):
            raise SdpError("bad_fingerprint")
        fingerprints.append((algorithm.lower(), value.upper()))
    return tuple(fingerprints)


def _setup(attributes: Attributes) -> Setup | None:
    """Read the DTLS role (RFC 8842, section 5.2)."""
    value = _last(attributes, "setup")
    if value and value not in _SETUPS:
        raise SdpError("bad_setup")
    return cast(Setup, value) if value else None


def _direction(attributes: Attributes) -> Direction | None:
    found = [direction for direction in _DIRECTIONS if direction in attributes]
    if len(found) > 1:
        raise SdpError("bad_direction")
    return found[0] if found else None


def _mid(value: str) -> str:
    if value and not (len(value) <= MAX_MID and _token.fullmatch(value)):
        raise SdpError("bad_mid")
    return value


def _rids_send(attributes: Attributes) -> tuple[str, ...]:
    """Read the RIDs the offerer sends (RFC 8851, section 4)."""
    rids: list[str] = []
    for value in attributes.get("rid", ()):
        rid, _, rest = value.partition(" ")
        if not _rid.fullmatch(rid):
            raise SdpError("bad_rid")
        if rest.split(" ", 1)[0] == "send":
            rids.append(rid)
    if len(rids) > _SIMULCAST_MAX:
        raise SdpError("too_many_rids")
    return tuple(dict.fromkeys(rids))


def _simulcast_send(attributes: Attributes) -> tuple[str, ...]:
    """Read the order of `a=simulcast:send q;h;f`: of alternatives the first (RFC 8853, section 5.1)."""
    words = _last(attributes, "simulcast").split()
    for direction, streams in zip(words[::2], words[1::2], strict=False):
        if direction == "send":
            rids = [stream.split(",")[0].removeprefix("~") for stream in streams.split(";")]
            if len(rids) > _SIMULCAST_MAX or not all(map(_rid.fullmatch, rids)):
                raise SdpError("bad_simulcast")
            return tuple(dict.fromkeys(rids))
    return ()


def _ssrcs(attributes: Attributes) -> tuple[int, ...]:
    """Read the distinct sources of `a=ssrc:<id> <attribute>`, in order (RFC 5576, section 4.1)."""
    numbers = (_number(value.partition(" ")[0], _U32) for value in attributes.get("ssrc", ()))
    return tuple(dict.fromkeys(numbers))


def _ssrc_groups(attributes: Attributes) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Read `a=ssrc-group:FID <primary> <rtx>` and its like (RFC 5576, section 4.2)."""
    groups: list[tuple[str, tuple[int, ...]]] = []
    for value in attributes.get("ssrc-group", ()):
        semantics, *numbers = value.split() or [""]
        groups.append((semantics, tuple(_number(number, _U32) for number in numbers)))
    return tuple(groups)


def _bundle(session: Attributes) -> tuple[str, ...]:
    for value in session.get("group", ()):
        semantics, *mids = value.split() or [""]
        if semantics == "BUNDLE":
            return tuple(dict.fromkeys(mids))
    return ()


def _number(text: str, highest: int) -> int:
    """Read an unsigned decimal; `int` alone would take signs, spaces, underscores and other scripts."""
    if not (0 < len(text) <= 10 and text.isascii() and text.isdigit()) or int(text) > highest:
        raise SdpError("bad_number")
    return int(text)


def _last(attributes: Attributes, name: str) -> str:
    """Return the value of an attribute meant to be there once, "" if it is not."""
    return attributes[name][-1] if name in attributes else ""
