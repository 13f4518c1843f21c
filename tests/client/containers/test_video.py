"""Frames of videos as pictures."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.client.containers.makers import LIMIT, outcomes, write_video
from tests.pictures import picture

from lookalike import containers
from lookalike.containers import video
from lookalike.errors import SourceVanished

KINDS = [("a.avi", "MJPG"), ("a.mp4", "mp4v"), ("a.mkv", "FFV1"), ("a.webm", "VP80")]


@pytest.mark.parametrize(("name", "code"), KINDS)
def test_a_frame_comes_every_ten_seconds(tmp_path: Path, name: str, code: str) -> None:
    path = write_video(tmp_path / name, 25, code)
    found = outcomes(path)
    assert list(found) == ["#t=0", "#t=10", "#t=20"]
    for time, content in zip((0, 10, 20), found.values(), strict=True):
        assert isinstance(content, bytes)
        with Image.open(io.BytesIO(content)) as frame:
            assert frame.format == "JPEG"
            difference = np.asarray(frame, float) - np.asarray(picture(time, 160, 120), float)
        assert np.abs(difference).mean() < 12


@pytest.mark.parametrize(("name", "code"), KINDS)
def test_a_frame_is_read_again_by_its_time(tmp_path: Path, name: str, code: str) -> None:
    path = write_video(tmp_path / name, 25, code)
    for inside, content in outcomes(path).items():
        assert containers.read(f"{path}{inside}", LIMIT) == content
    assert containers.read(f"{path}#t=9.6", LIMIT) == containers.read(f"{path}#t=10", LIMIT)
    with pytest.raises(SourceVanished, match="no frame after 30 seconds"):
        containers.read(f"{path}#t=30", LIMIT)


def test_a_long_film_is_looked_at_at_longer_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "MOST", 4)
    assert list(outcomes(write_video(tmp_path / "a.avi", 100))) == ["#t=0", "#t=25", "#t=50", "#t=75"]


def test_damaged_videos_leave_standard_error_silent(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", 40, "mp4v")
    content = bytearray(path.read_bytes())
    content[2_000:6_000] = bytes(4_000)
    path.write_bytes(content)
    probe = f"from lookalike import containers; print(len(list(containers.members({str(path)!r}, {LIMIT}))))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, check=True, text=True)
    assert done.stderr == ""
    assert int(done.stdout) > 1


def test_a_frame_over_the_limit_is_told(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.avi", 5)
    (member,) = containers.members(path, 100)
    assert "the server accepts 100" in str(member.error)
