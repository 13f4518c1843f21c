"""The fuzz target itself: it can be repeated, and it tells what misbehaves."""

import signal
import time
from pathlib import Path

import pytest
from tests.fuzz import trial
from tests.fuzz.__main__ import fuzz
from tests.fuzz.mutations import mutated


def test_the_same_seed_is_the_same_file() -> None:
    assert mutated(7, trial.material()) == mutated(7, trial.material())
    assert len({mutated(seed, trial.material()) for seed in range(50)}) > 45


def test_a_few_hundred_files_fare_as_they_may(tmp_path: Path) -> None:
    for seed in range(300):
        trial.decode(seed)
    seen, findings = fuzz(1_000, 2, tmp_path)
    assert findings == []
    assert seen.total() > 0


@pytest.mark.parametrize(
    ("trouble", "words"), [("dies", "process died"), ("raises", "KeyError"), ("hangs", "more than")]
)
def test_what_misbehaves_is_kept_with_its_seed(
    trouble: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def misbehaves(seed: int) -> str:
        if seed != 3:
            return "JPEG"
        if trouble == "dies":
            signal.raise_signal(signal.SIGKILL)
        if trouble == "hangs":
            time.sleep(60)
        raise KeyError("ours")

    monkeypatch.setattr(trial, "decode", misbehaves)
    monkeypatch.setattr("tests.fuzz.__main__.PATIENCE", 2.0)
    _, findings = fuzz(0, 2, tmp_path)
    assert words in findings[0]
    assert (tmp_path / "3.bin").read_bytes() == mutated(3, trial.material())
