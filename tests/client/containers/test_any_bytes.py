"""Whatever bytes a container holds: members or errors come of it, soon, and nothing else happens."""

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.client.containers.makers import LIMIT, album, outcome, write_pages, write_tar, write_video, write_zip

from lookalike import containers
from lookalike.errors import LookalikeError

MAKERS: dict[str, Callable[[Path], Path]] = {
    ".zip": lambda path: write_zip(path, album(2)),
    ".tar": lambda path: write_tar(path, album(2)),
    ".tar.gz": lambda path: write_tar(path, album(2)),
    ".tar.bz2": lambda path: write_tar(path, album(2)),
    ".tar.xz": lambda path: write_tar(path, album(2)),
    ".pdf": lambda path: write_pages(path, range(2)),
    ".tif": lambda path: write_pages(path, range(2)),
    ".avi": lambda path: write_video(path, 12),
    ".mp4": lambda path: write_video(path, 12, "mp4v"),
}
KINDS = sorted(MAKERS)


@cache
def sound(suffix: str) -> bytes:
    """A container of this kind without faults."""
    with tempfile.TemporaryDirectory() as folder:
        return MAKERS[suffix](Path(folder, f"made{suffix}")).read_bytes()


def exercised(suffix: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"made{suffix}")
        path.write_bytes(content)
        members = list(containers.members(path, LIMIT))
        assert all((member.picture is None) == isinstance(member.error, LookalikeError) for member in members)
        assert all(member.path.startswith(str(path)) for member in members)
        assert all(outcome(member) is not None for member in members)
        assert [each.name for each in Path(folder).iterdir()] == [path.name]
        assert path.read_bytes() == content


@pytest.mark.parametrize("suffix", KINDS)
@settings(max_examples=30)
@given(data=st.data())
def test_damaged_containers_give_members_and_errors(suffix: str, data: st.DataObject) -> None:
    content = bytearray(sound(suffix))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, max(len(content) - 1, 0)))
        new = data.draw(st.binary(min_size=1, max_size=12))
        if data.draw(st.booleans()):
            content[place : place + len(new)] = new
        else:
            del content[place : place + data.draw(st.integers(1, 4_000))]
    exercised(suffix, bytes(content))


@pytest.mark.parametrize("suffix", KINDS)
@settings(max_examples=30)
@given(data=st.data())
def test_any_bytes_behind_a_sound_start_give_members_and_errors(suffix: str, data: st.DataObject) -> None:
    start = data.draw(st.sampled_from([0, 4, 16, 512, 520]))
    exercised(suffix, sound(suffix)[:start] + data.draw(st.binary(max_size=2_000)))
