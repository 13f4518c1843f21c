"""Containers that the tests make: archives, documents and videos with the pictures of `tests.pictures` in them."""

import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import cv2
import numpy as np
from tests.pictures import picture, picture_bytes

from lookalike import containers, pictures
from lookalike.containers import Member
from lookalike.errors import LookalikeError

LIMIT = 8 << 20
"""Bytes that a picture may have in these tests."""


def album(count: int = 3) -> dict[str, bytes]:
    """Pictures by the names that they have in an archive."""
    return {f"album/{seed}.png": picture_bytes(seed) for seed in range(count)}


def write_zip(path: Path, files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_tar(path: Path, files: Mapping[str, bytes], more: Iterable[tarfile.TarInfo] = ()) -> Path:
    """Compressed as the suffix says; `more` members have no content."""
    compression = path.suffix.removeprefix(".").replace("tgz", "gz").replace("tar", "")
    with tarfile.open(path, f"w:{compression}") as archive:  # type: ignore[call-overload]
        for info in more:
            archive.addfile(info)
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def write_pages(path: Path, seeds: Iterable[int]) -> Path:
    """A PDF or TIFF with a picture on each page."""
    first, *others = map(picture, seeds)
    first.save(path, save_all=True, append_images=others)
    return path


def write_video(path: Path, seconds: int, code: str = "MJPG", rate: float = 2.0) -> Path:
    """A film whose every second shows another picture."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*code), rate, (160, 120))
    for frame in range(int(seconds * rate)):
        writer.write(np.asarray(picture(int(frame / rate), 160, 120))[:, :, ::-1])
    writer.release()
    return path


def inside(member: Member) -> str:
    """What follows the container's name in a source path."""
    name = Path(containers.container_of(member.path)).name
    return member.path.rpartition(name)[2]


def outcome(member: Member) -> bytes | str:
    """Its bytes, read as an import reads them, or in words why there are none."""
    try:
        return pictures.content(member.picture, LIMIT) if member.picture is not None else str(member.error)
    except LookalikeError as error:
        return str(error)


def outcomes(path: Path) -> dict[str, bytes | str]:
    """Of all members, by what follows the container's name."""
    return {inside(member): outcome(member) for member in containers.members(path, LIMIT)}
