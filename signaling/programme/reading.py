"""What all formats share in reading: text made harmless, times made instants, kinds and tags found.

The law: a file is a stranger's. Whatever is in it becomes a bounded text without control characters, an
instant within bounds, or a warning; nothing is raised but BadProgramme, and no entry spoils the others.
What cannot be read is remembered by its key, for it is not gone from the file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, get_args
from zoneinfo import ZoneInfo

from signaling.programme.model import (
    MAX_ABSTRACT,
    MAX_ITEMS,
    MAX_LASTS,
    MAX_PEOPLE,
    BadProgramme,
    Draft,
    DraftItem,
    DraftPerson,
)
from signaling.protocol import LATEST, Kind, Visibility

MAX_WARNINGS: Final = 100

_UNSAFE: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)
"""Control characters but tab and newline, lone surrogates, and what XML and JSON consumers trip over."""

_KINDS: Final[tuple[tuple[Kind, str], ...]] = (
    ("symposium", r"symposi|研讨会|学术会议|シンポジウム"),
    ("ceremony", r"ceremon|opening|closing|award|典礼|仪式|开幕|闭幕|颁奖|授奖|式典"),
    ("forum", r"forum|panel|discussion|round.?table|debate|podium|论坛|圆桌|座谈|讨论"),
)

_CLOSED: Final = re.compile(
    r"invit|privat|closed|confidential|internal|restricted|members|einladung|geschlossen|vertraulich|intern"
    r"|invitaci|privé|fermé|邀请|受邀|私|内部|闭门|非公开|不公开|招待|非公開|초대|비공개|приглаш|закрыт"
)
"""Words for what is by invitation."""

_CANCELLED: Final = re.compile(
    r"(?<!un)(?<!not )(?<!nicht )(?<!未)(?:cancel|withdr[ae]w|called off|annul|anul|取消|撤回|撤销|停办|中止"
    r"|キャンセル|취소|abgesagt|absage|entfällt|entfallen|fällt aus|ausgefallen|gestrichen|storniert"
    r"|zurückgezogen|отмен)"
)
"""Words for what is not held."""

_PLANNED: Final = re.compile(
    r"planned|scheduled|confirmed|accepted|tentative|ok|geplant|bestätigt|angenommen|confirmé|confirmado"
    r"|已?确认|已?接受|计划|正常|確定|확정"
)
"""Words for what is, as far as anybody knows."""


def text(value: object, limit: int = 200) -> str:
    """Return a value as one line, without control characters; longer ones end in `…`."""
    line = " ".join(paragraphs(value, limit * 4).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def paragraphs(value: object, limit: int = MAX_ABSTRACT) -> str:
    """Return a value as text of several lines, bounded."""
    if isinstance(value, dict):  # a translated text: the English one, else the first
        value = value.get("en") or next((v for v in value.values() if v), "")
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return ""
    lines = value[: limit * 2].replace("\r\n", "\n").replace("\r", "\n")
    said = unicodedata.normalize("NFC", _UNSAFE.sub("", lines)).strip()
    return said if len(said) <= limit else said[: limit - 1].rstrip() + "…"


def kind_of(said: str, *, ours: bool = False) -> Kind | None:
    """Return the kind that a source's own word for it means; None if it means none.

    Elsewhere “Talk” is what nobody chose; where the words are `ours`, it is a talk.
    """
    lowered = said.lower()
    own: tuple[Kind, ...] = get_args(Kind) if ours else ()
    if lowered in own:
        return own[own.index(lowered)]
    return next((kind for kind, words in _KINDS if re.search(words, lowered)), None)


def languages(said: str) -> tuple[str, ...]:
    """Return the BCP 47 tags in a text such as `zh-hans, en`."""
    found: dict[str, None] = {}
    for word in re.split(r"[\s,;/|]+", said.replace("_", "-")):
        if len(word) <= 35 and re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", word):
            first, *rest = word.split("-")
            cased = (part.upper() if len(part) == 2 else part.title() for part in rest)
            found["-".join([first.lower(), *cased])] = None
    return tuple(found)[:16]


def zone(name: str) -> ZoneInfo | None:
    """Return an IANA zone, or None if there is none of this name."""
    if not re.fullmatch(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", name) or len(name) > 64:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError
        return None


def moment(said: datetime, within: ZoneInfo) -> int | None:
    """Return an instant in ms; a local time is one of `within`. None: out of all bounds.

    Of two instants with one local time (clocks put back) the first is meant; a local time that does
    not exist (put forward) is taken as if the clocks had not been changed (PEP 495).
    """
    try:
        aware = said if said.utcoffset() is not None else said.replace(tzinfo=within)
        seconds = int(aware.astimezone(UTC).timestamp())
    except (OverflowError, ValueError):
        return None
    return seconds * 1000 if 0 <= seconds * 1000 < LATEST else None


def iso(said: str) -> datetime | None:
    """Return a time written as ISO 8601, with or without an offset."""
    try:
        return datetime.fromisoformat(said.strip().replace("Z", "+00:00").replace("/", "-"))
    except ValueError:
        return None


def distinct(people: Iterable[DraftPerson]) -> tuple[DraftPerson, ...]:
    """Return people who have a name, each once, a bounded number of them."""
    found = {person.key: person for person in people if person.name}
    return tuple(found.values())[:MAX_PEOPLE]


class Reading:
    """What has been read so far: items by key, and what was passed over."""

    def __init__(self) -> None:
        self._items: dict[str, DraftItem] = {}
        self._warnings: list[str] = []
        self._unread: set[str] = set()
        self._unkeyed = False
        self._unzoned = False

    def add(self, item: DraftItem, place: str) -> None:
        """Take an item if it can be one; `place` says where in the file it is."""
        if not item.title:
            self.leave_out(item.key, f"{place} has no title")
        elif not item.start < item.end <= item.start + MAX_LASTS:
            self.leave_out(item.key, f"{place} does not end after it starts, or lasts over a month,")
        elif item.key in self._items:
            self.leave_out(item.key, f"{place} has the key of one before it")
        elif len(self._items) == MAX_ITEMS:
            raise BadProgramme(f"There are more than {MAX_ITEMS} sessions in it.")
        else:
            self._items[item.key] = item

    def leave_out(self, key: str, said: str) -> None:
        """Pass an entry over that is `said` to have something wrong; no `key` where none can be read."""
        self.warn(f"{said} and is left out.")
        self._unread |= {key} if key else set()
        self._unkeyed |= not key

    def within(self, local: ZoneInfo | None) -> ZoneInfo:
        """Return the zone of times that name none: UTC, and told, where nobody names one for them."""
        self._unzoned |= local is None
        return local or ZoneInfo("UTC")

    def visibility(self, said: str, place: str) -> Visibility | None:
        """Return what a word says of who may come in: what is not known opens nothing. None: no word."""
        lowered = said.lower()
        if lowered in ("", "public"):
            return "public" if lowered else None
        if not _CLOSED.search(lowered):
            self.warn(f"{place} has a visibility that is not known, and is taken to be by invitation.")
        return "invitation"

    def cancelled(self, said: str, place: str) -> bool:
        """Say whether a word means that it is not held; what is not known does not, and is told."""
        lowered = said.lower()
        if _CANCELLED.search(lowered):
            return True
        if lowered and not _PLANNED.fullmatch(lowered):
            self.warn(f"{place} has a status that is not known, and is taken to be held.")
        return False

    def warn(self, said: str) -> None:
        """Note what was passed over."""
        if len(self._warnings) < MAX_WARNINGS:
            self._warnings.append(said)

    def draft(self, title: str, acronym: str, within: str) -> Draft:
        """Return what was read."""
        warnings = tuple(self._warnings)
        if self._unkeyed:
            warnings += ("Something that is left out has no key, so nothing is withdrawn.",)
        if self._unzoned:
            warnings += (
                "No time zone is named by file, request or event: times without an offset are read as UTC, "
                "and all are shown in it.",
            )
        items = tuple(self._items.values())
        return Draft(title, acronym, within, items, warnings, frozenset(self._unread), self._unkeyed)
