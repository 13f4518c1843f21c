"""Material that is not the project's own: photographs and reference numbers, where a machine has them."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def shared(name: str) -> Path:
    """A folder below LOOKALIKE_SHARED, or `shared` beside the project; the test is skipped where there is none."""
    folder = Path(os.environ.get("LOOKALIKE_SHARED") or ROOT.parent / "shared") / name
    if not folder.is_dir():
        pytest.skip(
            f"there is no {folder}: set LOOKALIKE_SHARED to the folder that holds {name}", allow_module_level=True
        )
    return folder
