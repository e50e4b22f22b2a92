"""The pages over real HTTP: what is given out, as what, and behind which fence."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from signaling import pages
from signaling.app import build
from signaling.settings import SignalingSettings
from tests.signaling.relay_process import SECRET as RELAY_SECRET
from tests.signaling.server import SECRET

FIRST_LOOK = 48
"""Most modules that the audience's page may need before one sees and writes: a phone takes 10 ms for each."""


@pytest.fixture
def web(tmp_path: Path) -> Path:
    files = {
        "index.html": "<!doctype html>entrance",
        "watch/index.html": "<!doctype html>watch",
        "watch/watch.js": "export {}",
        "shared/style.css": "body {}",
        "shared/icon.svg": "<svg/>",
        "shared/protocol.d.ts": "export {}",
        "shared/.secret.js": "hidden",
        "shared/tests/unit.js": "hidden",
        "vendor/CHECKSUMS": "hidden",
        "node_modules/preact/index.js": "hidden",
        "package.json": "{}",
        "../outside.js": "hidden",
    }
    for name, text in files.items():
        path = tmp_path / "web" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "web"


@pytest.fixture
async def http(web: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = SignalingSettings(SECRET, RELAY_SECRET, redis_url="redis://127.0.0.1:1")
    app: Starlette = build(settings, web=web).http
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://rostrum") as http:
        yield http


@pytest.mark.parametrize(
    ("path", "media_type", "text"),
    [
        ("/", "text/html; charset=utf-8", "entrance"),
        ("/watch/", "text/html; charset=utf-8", "watch"),
        ("/watch/watch.js", "text/javascript; charset=utf-8", "export"),
        ("/shared/style.css", "text/css; charset=utf-8", "body"),
        ("/shared/icon.svg", "image/svg+xml", "svg"),
    ],
)
async def test_pages_come_as_what_they_are(
    http: httpx.AsyncClient, path: str, media_type: str, text: str
) -> None:
    answer = await http.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert text in answer.text
    assert answer.headers["cache-control"] == "no-cache"
    again = await http.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_texts_travel_compressed_to_who_takes_that(http: httpx.AsyncClient, web: Path) -> None:
    (web / "watch" / "watch.js").write_text("export {};\n" * 400, encoding="utf-8")
    answer = await http.get("/watch/watch.js")
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < 200
    assert answer.headers["vary"] == "Accept-Encoding"
    plain = await http.get("/watch/watch.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == answer.text
    (web / "watch" / "watch.js").write_text("export const another = 1;", encoding="utf-8")
    assert (await http.get("/watch/watch.js")).text == "export const another = 1;"


@pytest.mark.parametrize(
    "path",
    [
        "/package.json",
        "/node_modules/preact/index.js",
        "/shared/protocol.d.ts",
        "/shared/.secret.js",
        "/shared/tests/unit.js",
        "/vendor/CHECKSUMS",
        "/shared/../../outside.js",
        "/shared/%2e%2e/%2e%2e/outside.js",
        "/watch/%2e%2e/package.json",
        "/watch/absent.js",
        "/hall/",
        "/index.html/",
    ],
)
async def test_nothing_else_of_the_folder_is_given_out(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code == 404
    assert "hidden" not in answer.text


async def test_a_folder_without_its_slash_leads_to_the_page(http: httpx.AsyncClient) -> None:
    answer = await http.get("/watch")
    assert answer.status_code == 307
    assert answer.headers["location"].endswith("/watch/")


@pytest.mark.parametrize("path", ["/", "/watch/watch.js", "/absent", "/healthz", "/api/openapi.json"])
async def test_every_answer_is_fenced_in(http: httpx.AsyncClient, path: str) -> None:
    headers = (await http.get(path)).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "camera=(self)" in headers["permissions-policy"]
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


async def test_a_document_names_all_its_modules_so_that_they_are_asked_for_at_once(
    http: httpx.AsyncClient, web: Path
) -> None:
    (web / "watch" / "index.html").write_text('<script type="module" src="/watch/watch.js"></script>')
    (web / "watch" / "watch.js").write_text("import { a } from '../shared/a.js';\nimport './style.js';\n")
    (web / "shared" / "a.js").write_text(
        "export {\n  b,\n} from './b.js';\nexport { c } from '../watch/watch.js';"
    )
    (web / "shared" / "b.js").write_text("export const b = 1;")
    names = ["/watch/watch.js", "/shared/a.js", "/shared/b.js"]
    answer = await http.get("/watch/")
    assert answer.headers["link"] == ", ".join(f"<{name}>; rel=modulepreload" for name in names)
    again = await http.get("/watch/", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.headers["link"]) == (304, answer.headers["link"])
    # Another version of a module may import others.
    (web / "shared" / "b.js").write_text("export { d } from './d.js';")
    (web / "shared" / "d.js").write_text("export const d = 1;")
    assert "</shared/d.js>" in (await http.get("/watch/")).headers["link"]
    assert "link" not in (await http.get("/watch/watch.js")).headers


async def test_what_is_less_urgent_is_not_asked_for_first(http: httpx.AsyncClient, web: Path) -> None:
    (web / "watch" / "index.html").write_text(
        '<script type="module" src="/watch/join.js" async></script>\n'
        '<script type="module" src="/watch/watch.js"></script>\n'
        '<script type="module" src="/watch/more.js" fetchpriority="low"></script>\n'
    )
    (web / "watch" / "join.js").write_text("import { b } from '../shared/b.js';")
    (web / "watch" / "watch.js").write_text("import '../shared/a.js';\nimport { b } from '../shared/b.js';")
    (web / "watch" / "more.js").write_text("import { c } from '../shared/c.js';")
    for name in "abc":
        (web / "shared" / f"{name}.js").write_text(f"export const {name} = 1;")
    names = ["/watch/join.js", "/shared/b.js", "/watch/watch.js", "/shared/a.js"]
    link = (await http.get("/watch/")).headers["link"]
    assert link == ", ".join(f"<{name}>; rel=modulepreload" for name in names)


async def test_what_a_document_is_held_up_by_is_asked_for_before_all_its_modules(
    http: httpx.AsyncClient, web: Path
) -> None:
    (web / "watch" / "index.html").write_text(
        '<script src="/shared/whole.js"></script>\n<script src="/shared/whole.js" async></script>\n'
        '<script type="module" src="/watch/watch.js"></script>\n'
    )
    link = (await http.get("/watch/")).headers["link"]
    assert link == "</shared/whole.js>; rel=preload; as=script, </watch/watch.js>; rel=modulepreload"


def test_no_pages_header_is_longer_than_proxies_take() -> None:
    """4 KiB is what nginx reads of an answer's headers unless it is told otherwise."""
    for page in pages.WEB.glob("*/index.html"):
        loaded = pages.modules(page)
        assert sum(len(path.relative_to(pages.WEB).as_posix()) + 25 for path in loaded) < 3300, page


async def test_a_defect_is_told_as_nothing_more_than_that(web: Path) -> None:
    settings = SignalingSettings(SECRET, RELAY_SECRET, redis_url="redis://127.0.0.1:1")
    app = build(settings, web=web).http

    async def broken(request: object) -> None:
        raise ZeroDivisionError("a secret detail")

    app.router.routes.insert(0, Route("/broken", broken))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://rostrum") as http:
        answer = await http.get("/broken")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["code"] == "internal"
    assert "secret" not in answer.text


def test_every_document_begins_with_what_sees_to_it_that_it_comes_whole() -> None:
    """Before anything that can be lost, and a second time, for it can be lost itself."""
    for page in (pages.WEB / "index.html", *pages.WEB.glob("*/index.html")):
        loads = re.findall(r'<(?:script|link)\b[^>]*(?:src|href)="([^"]+)"([^>]*)>', page.read_text("utf-8"))
        assert loads[:2] == [("/shared/whole.js", ""), ("/shared/whole.js", " async")], page


def test_the_packaged_pages_are_found() -> None:
    assert (pages.WEB / "index.html").is_file()


def test_the_audiences_page_weighs_little() -> None:
    """What `/watch/` loads, all that its modules import included, is 120 KiB at most on the wire."""
    loaded = _loads(pages.WEB / "watch" / "index.html")
    weight = sum(len(gzip.compress(path.read_bytes(), 6)) for path in loaded)
    print(f"/watch/: {len(loaded)} files, {weight / 1024:.1f} KiB compressed")
    assert len(loaded) > 20
    first = set(pages.modules(pages.WEB / "watch" / "index.html"))
    assert first < {path for path in loaded if path.suffix == ".js"}
    assert pages.WEB / "watch" / "player.js" not in first, "what can wait has not to be asked for first"
    assert len(first) <= FIRST_LOOK
    assert weight <= 120 * 1024


def _loads(page: Path) -> set[Path]:
    """Return a page and everything of ours that it links to and that its modules import."""
    wanted, found = [page], set[Path]()
    while wanted:
        path = wanted.pop()
        if path in found:
            continue
        found.add(path)
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            wanted += [pages.WEB / name for name in re.findall(r'(?:href|src)="/([^"]+\.\w+)"', text)]
        elif path.suffix == ".js":
            names = re.findall(
                r"""(?:^|;)(?:import|export)\b(?:[^'";]*?\bfrom)? ?['"](\.[^'"]+)['"]""", text, re.M
            )
            wanted += [(path.parent / name).resolve() for name in names]
    return found
