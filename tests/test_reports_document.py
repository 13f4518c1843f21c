"""What docs/reports.md shows runs."""

from pathlib import Path

import pytest
from tests.pictures import write_pictures
from tests.test_docs import blocks, commands, shell

from lookalike import Client
from lookalike_server.testing import serve


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_pictures(tmp_path / "photos", range(5))
    write_pictures(tmp_path / "tests", range(5, 7))
    (tmp_path / "query.jpg").write_bytes((tmp_path / "photos" / "0003.png").read_bytes())
    (tmp_path / "examples.txt").write_text(blocks("docs/reports.md", "text")[0])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_and_the_example_run(workplace: Path) -> None:
    with serve() as target, Client(target) as looks:
        assert len(list(looks.import_folder("photos", collection="holiday", labels={"year": "2025"}))) == 5
        shown = [words for words in commands("docs/reports.md") if words]
        assert len(shown) == 13
        for words in shown:
            assert shell([*words, "--server", target]) == 0, words
        (example,) = blocks("docs/reports.md", "python")
        names: dict[str, object] = {"looks": looks}
        exec(example, names)  # noqa: S102 - our own example
        assert str(names["step"]).startswith("Replayed(")
    assert (workplace / "found.html").stat().st_size > (workplace / "found.json").stat().st_size
    assert len((workplace / "images.csv").read_text("utf-8-sig").splitlines()) == 1 + 5
