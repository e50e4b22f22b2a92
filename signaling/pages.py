"""The pages, served as they were written, and the headers that fence them in.

The law: of `web/` only the pages' folders, and only files of known kinds, are given out. A browser asks
each time whether a file is still the same (ETag), so a new version is there at once. A page loads nothing,
and connects nowhere, but here. A document names its scripts and the modules of its first look in a `Link`
header: a browser then asks for all of them at once, where imports alone take one round trip after the other.
"""

from __future__ import annotations

import gzip
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers as HeaderMap
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

WEB: Final = Path(__file__).resolve().parent.parent / "web"

FOLDERS: Final = (
    "watch",
    "speak",
    "moderate",
    "direct",
    "hall",
    "av",
    "entrance",
    "enter",
    "style",
    "shared",
    "vendor",
)

MEDIA_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
"""Kinds of file that are given out. The system's own table differs from machine to machine."""

COMPRESSED: Final = frozenset({".html", ".js", ".mjs", ".css", ".svg", ".webmanifest"})
"""Kinds of file that gzip makes smaller."""

SECURITY_HEADERS: Final = {
    # `self` covers ws: and wss: of the same host too (CSP 3, section 6.7.2.8). The camera's preview and
    # the stage are `srcObject`, which no directive rules.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def routes(web: Path = WEB) -> list[BaseRoute]:
    """Return the entrance and a mount for each folder that is there."""
    mounts = [Mount(f"/{name}", _Folder(web / name, web)) for name in FOLDERS if (web / name).is_dir()]
    return [Route("/", _Folder(web, web)), *mounts]


def modules(page: Path, web: Path = WEB) -> tuple[Path, ...]:
    """Return the modules that a document needs for its first look: script by script, the nearest first.

    What it marks as less urgent (`fetchpriority="low"`) comes by itself, import by import: a browser asks
    for a header's modules in their order, all of them before it does anything else.
    """
    found: dict[Path, None] = {}
    for script in _SCRIPT.findall(page.read_text(encoding="utf-8")):
        wanted = [web / script]
        for path in wanted:  # grows as it is walked
            if path not in found and path.is_file():
                found[path] = None
                imported = _IMPORT.findall(path.read_text(encoding="utf-8"))
                wanted += [(path.parent / name).resolve() for name in imported]
    return tuple(found)


def scripts(page: Path) -> tuple[str, ...]:
    """Return the scripts that are no modules: a document is read no further until they are there."""
    return tuple(dict.fromkeys(_CLASSIC.findall(page.read_text(encoding="utf-8"))))


_CLASSIC: Final = re.compile(r'<script src="/([^"]+)"')
_SCRIPT: Final = re.compile(r'<script type="module" src="/([^"]+)"(?! fetchpriority="low")')
_IMPORT: Final = re.compile(r"""(?:^|;)(?:import|export)\b(?:[^'";]*?\bfrom)? ?['"](\.[^'"]+)['"]""", re.M)


class Headers:
    """ASGI middleware that sets headers on responses of paths that start with one of `prefixes`."""

    def __init__(self, app: ASGIApp, headers: dict[str, str], prefixes: tuple[str, ...] = ("/",)) -> None:
        self._app = app
        self._headers = headers
        self._prefixes = prefixes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not scope["path"].startswith(self._prefixes):
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


_RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class _File:
    """One version of a file, ready to be sent."""

    seen: tuple[tuple[str, int], ...]
    """What it was made of, with the time of each one's last change: itself first."""
    etag: str
    plain: tuple[_RawHeaders, bytes]
    small: tuple[_RawHeaders, bytes] | None
    same: _RawHeaders

    def fresh(self) -> bool:
        """Say whether nothing of it has changed."""
        return all(_changed(path) == at for path, at in self.seen)


class _Folder:
    """One folder's files of known kinds; `index.html` for the folder itself.

    Each is read when it is first asked for and when it has changed, and answered at once: a thread of its own
    for each look at the disk costs more than the look, and waits for its turn on a busy machine.
    """

    def __init__(self, folder: Path, web: Path) -> None:
        self._folder = folder.resolve()
        self._web = web.resolve()
        self._files: dict[str, _File] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3)."""
        del receive
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        await self.give(path.removeprefix("/") or "index.html", scope, send)

    async def give(self, name: str, scope: Scope, send: Send) -> None:
        """Answer with a file; raises HTTPException where there is none, and for what is no reading."""
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        file = self._file(name)
        if file is None:
            raise HTTPException(404)
        asked = HeaderMap(scope=scope)
        known = (tag.strip().removeprefix("W/") for tag in asked.get("if-none-match", "").split(","))
        if file.etag in known:
            status, headers, body = 304, file.same, b""
        else:
            small = file.small if "gzip" in asked.get("accept-encoding", "") else None
            status, (headers, body) = 200, small or file.plain
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _file(self, name: str) -> _File | None:
        file = self._files.get(name)
        if file is not None and file.fresh():
            return file
        self._files.pop(name, None)
        parts = name.split("/")
        if any(part.startswith(".") or part in ("", "node_modules", "tests") for part in parts):
            return None
        suffix = Path(name).suffix
        if suffix not in MEDIA_TYPES or "\0" in name or not (self._folder / name).is_file():
            return None
        # A link may not lead out of the folder.
        path = (self._folder / name).resolve()
        if not path.is_relative_to(self._folder):
            return None
        file = self._files[name] = self._read(path, suffix)
        return file

    def _read(self, path: Path, suffix: str) -> _File:
        changed, text = _changed(str(path)), path.read_bytes()
        etag = f'"{changed:x}-{len(text):x}"'
        seen = [(str(path), changed)]
        same = [(b"cache-control", b"no-cache")]
        if suffix == ".html":
            loads = modules(path, self._web)
            seen += ((str(known), _changed(str(known))) for known in loads)
            wanted = [f"</{script}>; rel=preload; as=script" for script in scripts(path)]
            wanted += (f"</{known.relative_to(self._web).as_posix()}>; rel=modulepreload" for known in loads)
            link = ", ".join(wanted)
            same += [(b"link", link.encode())] if link else []
        if suffix in COMPRESSED:
            same.append((b"vary", b"Accept-Encoding"))
        whole = [*same, (b"content-type", MEDIA_TYPES[suffix].encode())]

        def sent(body: bytes, *more: tuple[bytes, bytes]) -> tuple[_RawHeaders, bytes]:
            return [*whole, (b"content-length", b"%d" % len(body)), *more], body

        small = None
        if suffix in COMPRESSED:
            weak = (b"etag", f"W/{etag}".encode())
            small = sent(gzip.compress(text, 9, mtime=0), weak, (b"content-encoding", b"gzip"))
        strong = (b"etag", etag.encode())
        return _File(tuple(seen), etag, sent(text, strong), small, [*same, strong])


def _changed(path: str) -> int:
    """Return when a file was last changed, in nanoseconds; -1 for none."""
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - a Path each time costs three times as much
    except OSError:
        return -1
