"""Sound with redundancy: where the primary is, and what is not such a payload."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stream.wire import red

OPUS = 111


def payload(primary: bytes, *before: bytes, block_type: int = OPUS) -> bytes:
    """Write a payload as RFC 2198 (section 3) says: the blocks before, each 20 ms older, and the primary."""
    headers = b""
    for place, block in enumerate(before):
        offset = (len(before) - place) * 960
        headers += bytes((0x80 | block_type,)) + (offset << 10 | len(block)).to_bytes(3, "big")
    return headers + bytes((block_type,)) + b"".join(before) + primary


blocks = st.lists(st.binary(max_size=300), max_size=4)


@given(st.binary(min_size=1, max_size=300), blocks)
def test_the_primary_is_found_behind_any_blocks(primary: bytes, before: list[bytes]) -> None:
    data = payload(primary, *before)
    found = red.parse(data, OPUS)
    assert found is not None and found.blocks == len(before)
    assert data[found.primary_at :] == primary


@given(st.binary(min_size=1, max_size=300), blocks, st.integers(0, 127))
def test_blocks_take_another_payload_type_and_nothing_else_changes(
    primary: bytes, before: list[bytes], block_type: int
) -> None:
    data = payload(primary, *before)
    found = red.parse(data, OPUS)
    assert found is not None
    assert red.retyped(data, found, block_type) == payload(primary, *before, block_type=block_type)


@given(st.binary(max_size=60))
def test_whatever_the_bytes_it_is_whole_or_none(data: bytes) -> None:
    found = red.parse(data, OPUS)
    assert found is None or 0 < found.primary_at < len(data)


def test_cut_payloads_and_foreign_blocks_are_none() -> None:
    data = payload(b"now", b"before")
    assert red.parse(data, 96) is None
    assert [red.parse(data[:end], OPUS) for end in range(len(data) - 2)] == [None] * (len(data) - 2)
