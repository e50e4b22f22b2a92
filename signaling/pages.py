"""The pages, served as they were written, and the headers that fence them in.

The law: of `web/` only the pages' folders and only files of known kinds are given out; a browser asks
each time whether a file is still the same (ETag), so a new version is there at once; and a page loads
nothing, and connects nowhere, but here. A document names the modules of its first look in a `Link`
header, so that a browser asks for them at once and not, import by import, one round trip after the other.
"""

from __future__ import annotations

import gzip
import re
import stat
from os import PathLike, stat_result
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers as HeaderMap
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
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

    whole = _Folder(web, web)

    async def entrance(request: Request) -> Response:
        return await whole.get_response("index.html", request.scope)

    mounts = [Mount(f"/{name}", _Folder(web / name, web)) for name in FOLDERS if (web / name).is_dir()]
    return [Route("/", entrance), *mounts]


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


class _Folder(StaticFiles):
    """One folder's files of known kinds; `index.html` for the folder itself."""

    def __init__(self, folder: Path, web: Path) -> None:
        super().__init__(directory=folder, html=True)
        self._web = web.resolve()
        self._compressed: dict[str, tuple[int, bytes]] = {}
        self._loads: dict[str, tuple[tuple[tuple[Path, int], ...], str]] = {}

    def lookup_path(self, path: str) -> tuple[str, stat_result | None]:
        full_path, found = super().lookup_path(path)
        if found is not None and stat.S_ISREG(found.st_mode):
            hidden = any(
                part.startswith(".") or part in ("node_modules", "tests") for part in Path(path).parts
            )
            if hidden or Path(path).suffix not in MEDIA_TYPES:
                return "", None
        return full_path, found

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "no-cache"
        if Path(full_path).suffix == ".html" and (loads := self._preloads(str(full_path))):
            response.headers["Link"] = loads
        if response.status_code == 304:
            return response
        suffix = Path(full_path).suffix
        response.headers["Content-Type"] = MEDIA_TYPES[suffix]
        if suffix not in COMPRESSED:
            return response
        response.headers["Vary"] = "Accept-Encoding"
        if scope["method"] != "GET" or "gzip" not in HeaderMap(scope=scope).get("accept-encoding", ""):
            return response
        headers = dict(response.headers) | {
            "content-encoding": "gzip",
            "etag": f"W/{response.headers['etag']}",
        }
        del headers["content-length"]
        return Response(self._small(str(full_path), stat_result), status_code, headers)

    def _preloads(self, path: str) -> str:
        """Return the modules of a document as a Link header (RFC 8288); read anew when one has changed."""
        seen, header = self._loads.get(path, ((), ""))
        if not seen or any(not known.is_file() or known.stat().st_mtime_ns != at for known, at in seen):
            loaded = modules(Path(path), self._web)
            seen = tuple((known, known.stat().st_mtime_ns) for known in (Path(path), *loaded))
            addresses = (known.relative_to(self._web).as_posix() for known in loaded)
            header = ", ".join(f"</{address}>; rel=modulepreload" for address in addresses)
            self._loads[path] = (seen, header)
        return header

    def _small(self, path: str, found: stat_result) -> bytes:
        """Return a file compressed: once for each version of it, for there are few."""
        version, body = self._compressed.get(path, (0, b""))
        if version != found.st_mtime_ns:
            body = gzip.compress(Path(path).read_bytes(), 6, mtime=0)
            self._compressed[path] = (found.st_mtime_ns, body)
        return body
