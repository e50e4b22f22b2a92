"""What a server is set up from: the compose file, the image's list of files, the notices."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def pinned(lock: str) -> set[str]:
    """Return the names a lock file pins, normalised (PEP 503)."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / lock).read_text(), re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower() for name in found}


def test_compose_file_fits_its_schema() -> None:
    """The compose specification's own schema accepts docker-compose.yml."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*command, "docker-compose.yml"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_media_is_let_in_by_udp_and_tcp_under_the_number_that_peers_are_told() -> None:
    """The compose file publishes the relay's media port twice, and the image says the same."""
    compose = (ROOT / "docker-compose.yml").read_text()
    told = re.search(r'ROSTRUM_MEDIA_PORT: "(\d+)"', compose)
    assert told
    assert f'ports: ["{told[1]}:{told[1]}/udp", "{told[1]}:{told[1]}/tcp"]' in compose
    assert f"{told[1]}/udp {told[1]}/tcp" in (ROOT / "Dockerfile").read_text()


def test_image_copies_what_exists_and_is_not_ignored() -> None:
    """Each path that the Dockerfile copies is in the checkout and let through by .dockerignore."""
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied: set[str] = set()
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            copied.update(line.split()[1:-1])
    assert copied
    assert copied <= allowed
    assert all((ROOT / path).exists() for path in copied)


def test_notices_name_every_pinned_package() -> None:
    """THIRD_PARTY_NOTICES.md lists each runtime package with the version the lock pins."""
    notices = (ROOT / "THIRD_PARTY_NOTICES.md").read_text()
    for name in pinned("requirements.lock"):
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # for another platform or Python
        row = re.search(rf"^\| {re.escape(name)} \| ([^|]+) \|", notices, re.MULTILINE)
        assert row, f"{name} is missing"
        assert version in row[1], f"{name} is listed as {row[1]}, {version} is pinned"


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_locks_hold_hashes_and_no_addresses(lock: str) -> None:
    """Every requirement has a hash, and nothing says where to download it."""
    text = (ROOT / lock).read_text()
    assert "://" not in text
    requirements = [block for block in re.split(r"\n(?=\S)", text) if "==" in block]
    assert requirements
    assert all("--hash=sha256:" in block for block in requirements)


@pytest.mark.parametrize("folder", ["web", "tests/e2e"])
def test_npm_locks_name_no_addresses(folder: str) -> None:
    """npm's locks carry versions and integrity, and no download addresses."""
    text = (ROOT / folder / "package-lock.json").read_text()
    assert '"resolved"' not in text
    assert '"integrity"' in text
