"""Lengths of time as schedules write them: `00:45`, `1:30:00`, `1:02:30` (days first), `PT1H30M`, `45`."""

from __future__ import annotations

import re

_ISO = re.compile(r"P(?:(\d{1,3})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?")


def span(said: str, *, days: bool = False) -> int | None:
    """Return a length in ms; None if it is none. A bare number is minutes.

    Of three parts, pretalx means days, hours, minutes (`days`), and frab hours, minutes, seconds.
    """
    said = said.strip()
    if re.fullmatch(r"\d{1,5}", said):
        return int(said) * 60_000
    if re.fullmatch(r"\d{1,4}(:\d{1,2}){1,2}", said):
        parts = [int(part) for part in said.split(":")]
        if len(parts) == 3 and days:
            return ((parts[0] * 24 + parts[1]) * 60 + parts[2]) * 60_000
        hours, minutes, seconds = (*parts, 0)[:3]
        return ((hours * 60 + minutes) * 60 + seconds) * 1000
    found = _ISO.fullmatch(said)
    if found and any(found.groups()):
        day, hour, minute, second = (int(part or 0) for part in found.groups())
        return (((day * 24 + hour) * 60 + minute) * 60 + second) * 1000
    return None
