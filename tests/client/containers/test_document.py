"""docs/containers.md tells the truth."""

import re
from pathlib import Path

import pytest
from tests.client.containers.makers import write_zip
from tests.pictures import picture_bytes

from lookalike.containers.places import KINDS
from lookalike_server.testing import serve

PAGE = (Path(__file__).parents[3] / "docs" / "containers.md").read_text()


def test_its_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    write_zip(Path("album.zip"), {f"{seed:04}.png": picture_bytes(seed) for seed in range(3)})
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    with serve() as target:
        exec(example.replace("localhost:50051", target), {})  # noqa: S102 - our own example
    *steps, found = capsys.readouterr().out.splitlines()
    assert [step.split()[2] for step in steps] == ["created"] * 3
    assert found == f"{tmp_path}/album.zip!/0001.png"


def test_its_table_names_every_suffix() -> None:
    rows = [line.split("|")[2] for line in PAGE.splitlines() if re.match(r"\| \w+ \| `\.", line)]
    named = {suffix for row in rows for suffix in re.findall(r"`(\.[\w.]+)`", row)}
    assert named == {suffix for suffixes in KINDS.values() for suffix in suffixes}
