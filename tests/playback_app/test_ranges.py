"""Tests of files that are served in ranges of bytes."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.test import AsyncRequestFactory, RequestFactory

from playback_app.web.ranges import BLOCK_BYTES, ByteRange, UnsatisfiableError, answer, parse_range


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-", ByteRange(0, 9, 10)),
        ("bytes=2-4", ByteRange(2, 4, 10)),
        ("bytes=2-400", ByteRange(2, 9, 10)),
        ("bytes=9-9", ByteRange(9, 9, 10)),
        ("bytes=-3", ByteRange(7, 9, 10)),
        ("bytes=-30", ByteRange(0, 9, 10)),
    ],
)
def test_a_part_is_what_the_header_asks_for(header, part):
    assert parse_range(header, 10) == part


@pytest.mark.parametrize(
    "header",
    ["", "bytes=-", "bytes=4-2", "bytes=0-1,3-4", "items=0-1", "bytes=a-b", "bytes=٣-٤", "0-1"],
)
def test_what_cannot_be_read_as_one_part_is_the_whole(header):
    assert parse_range(header, 10) is None


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=10-", 10), ("bytes=99999-", 10), ("bytes=-0", 10), ("bytes=0-", 0)]
)
def test_what_lies_outside_cannot_be_answered(header, size):
    with pytest.raises(UnsatisfiableError):
        parse_range(header, size)


BYTES = bytes(range(256)) * 1024


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sound"
    path.write_bytes(BYTES)
    return path


def asked(file: Path, **headers: str) -> Any:
    request = RequestFactory().get("/", headers=headers)
    return answer(request, file, "audio/webm", "v1")


def test_without_a_range_all_of_it_comes(file):
    whole = asked(file)
    assert whole.status_code == 200
    assert b"".join(whole) == BYTES
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert int(whole.headers["Content-Length"]) == file.stat().st_size


def test_a_part_comes_with_its_place_in_the_whole(file):
    part = asked(file, range="bytes=1000-140000")
    assert part.status_code == 206
    assert part.headers["Content-Range"] == f"bytes 1000-140000/{256 * 1024}"
    assert b"".join(part) == BYTES[1000:140_001]


@pytest.mark.django_db  # Django closes its database connections when a response is closed
def test_a_part_of_what_has_changed_meanwhile_is_the_whole(file):
    for version, status in (("v0", 200), ("v1", 206)):
        with closing(asked(file, range="bytes=1-2", **{"if-range": f'"{version}"'})) as response:
            assert response.status_code == status


def test_a_part_outside_is_refused_with_the_size(file):
    refusal = asked(file, range="bytes=9999999-")
    assert refusal.status_code == 416
    assert refusal.headers["Content-Range"] == f"bytes */{256 * 1024}"


async def test_a_live_server_streams_block_by_block(file: Path) -> None:
    request = AsyncRequestFactory().get("/", headers={"range": "bytes=5-"})
    streamed = answer(request, file, "audio/webm", "v1")
    assert isinstance(streamed, StreamingHttpResponse)
    blocks = [block async for block in streamed]
    assert b"".join(blocks) == BYTES[5:]
    assert max(map(len, blocks)) == BLOCK_BYTES
