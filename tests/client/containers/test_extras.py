"""Without the library that a container needs: one item says what to install, and the rest goes on."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.client.containers.makers import LIMIT, album, outcomes, write_pages, write_video, write_zip

from lookalike import containers
from lookalike.errors import ImageUnreadable


@pytest.mark.parametrize(
    ("name", "library", "extra"),
    [("a.pdf", "pypdfium2", "pdf"), ("a.pdf", "PIL", "pdf"), ("a.tif", "PIL", "cli"), ("a.avi", "cv2", "video")],
)
def test_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, library: str, extra: str
) -> None:
    path = write_video(tmp_path / name, 5) if extra == "video" else write_pages(tmp_path / name, range(2))
    monkeypatch.setitem(sys.modules, library, None)
    found = outcomes(path)
    places = list(found)
    assert places == (["", "#page=2"] if name == "a.tif" else [""])
    assert f'pip install "lookalike[{extra}]"' in str(found[places[-1]])
    with pytest.raises(ImageUnreadable, match="pip install"):
        containers.read(f"{path}#{'t' if extra == 'video' else 'page'}=2", LIMIT)


def test_archives_need_nothing_but_python(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", album(2))
    heavy = ("PIL", "cv2", "pypdfium2", "numpy", "grpc")
    probe = f"import sys; from lookalike import containers; found = list(containers.members({str(path)!r}, {LIMIT}))"
    told = f"print(len(found), *[name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", f"{probe}; {told}"], capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["2"]
