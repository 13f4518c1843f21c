import sys
from pathlib import Path

import pytest

from lookalike_server import plugins
from lookalike_server.catalog.index import ExactIndex


def test_loads_what_is_registered() -> None:
    assert plugins.load("lookalike.indexes", "exact") is ExactIndex


def test_says_which_names_there_are() -> None:
    with pytest.raises(plugins.PluginNotFound, match="exact, hnsw"):
        plugins.load("lookalike.indexes", "magic")
    with pytest.raises(plugins.PluginNotFound, match="none"):
        plugins.load("lookalike.nothing", "magic")


@pytest.mark.parametrize("line", ["import no_such_library", "1 / 0", "not Python", "pass"])
def test_a_stranger_that_cannot_be_imported_says_why_and_hides_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    (tmp_path / "broken_index.py").write_text(line)
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[lookalike.indexes]\nbroken = broken_index:Index\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "broken_index", raising=False)
    assert plugins.names("lookalike.indexes") == ["broken", "exact", "hnsw"]
    assert plugins.load("lookalike.indexes", "exact") is ExactIndex
    with pytest.raises(plugins.PluginNotFound, match=r"'broken' of lookalike\.indexes .* cannot be imported: \w+: "):
        plugins.load("lookalike.indexes", "broken")
