"""Pyright agrees with mypy, which reads this folder as it reads everything, on what users may write."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.slow
def test_pyright_accepts_every_use_and_refuses_every_misuse() -> None:
    pytest.importorskip("basedpyright")
    command = [
        sys.executable,
        "-m",
        "basedpyright",
        "--project",
        str(HERE),
        "--pythonpath",
        sys.executable,
        "--outputjson",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert [(each["file"], each["range"]["start"], each["message"]) for each in report["generalDiagnostics"]] == []
    assert report["summary"]["filesAnalyzed"] == 2
