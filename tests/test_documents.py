"""What documents and comments point at is there: files, and rows of docs/faults.md."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("docs", "signaling", "stream", "tests", "web")
FOREIGN = {"node_modules", "vendor", "__pycache__"}


def files(*endings: str) -> Iterator[Path]:
    """Yield our own files of these endings, in the folders that have any."""
    for folder in FOLDERS:
        for path, folders, names in os.walk(ROOT / folder):
            folders[:] = set(folders) - FOREIGN
            yield from (Path(path) / name for name in names if name.endswith(endings))


PAGES = sorted([*ROOT.glob("*.md"), *files(".md")])


def test_every_file_that_a_document_names_is_there() -> None:
    named = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]+\.\w+)`")
    for page in PAGES:
        for path in named.findall(page.read_text()):
            assert (ROOT / path).exists(), f"{page.name}: {path}"


def test_every_link_between_documents_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_row_of_the_faults_that_is_cited_is_there() -> None:
    rows = set(re.findall(r"^\| (\d+) \|", (ROOT / "docs/faults.md").read_text(), re.MULTILINE))
    assert len(rows) == 30
    cited = [
        number
        for path in files(".py", ".c", ".js", ".conf")
        for rest in re.findall(r"faults\.md, rows? ([\d, andto]+)", path.read_text())
        for number in re.findall(r"\d+", rest)
    ]
    assert len(cited) > 20
    assert set(cited) <= rows
