"""An architecture survives its file, and what is no architecture is refused by name."""

import json

import pytest

from lookalike_server.errors import ModelFileError
from lookalike_server.models.architecture import Architecture

CHOSEN = Architecture(backbone="tiny", dim=8, scenes=("beach", "snow"), input_size=(112, 128), temperature=1.5)


def test_it_survives_its_json() -> None:
    assert Architecture.from_json(json.loads(json.dumps(CHOSEN.as_json()))) == CHOSEN


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"depth": 3}, "unknown member 'depth'"),
        ({"dim": "8"}, "dim is '8', no int"),
        ({"dim": 0}, "needs a dim"),
        ({"low_resolution": 1}, "low_resolution is 1, no bool"),
        ({"temperature": 0.0}, "a temperature over 0"),
        ({"temperature": float("nan")}, "a temperature over 0"),
        ({"input_size": [224]}, "height and width"),
        ({"scenes": ["beach", "beach"]}, "each scene once"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, object], named: str) -> None:
    with pytest.raises(ModelFileError, match=named):
        Architecture.from_json(CHOSEN.as_json() | changes)


def test_a_missing_member_is_named() -> None:
    members = CHOSEN.as_json()
    del members["backbone"]
    with pytest.raises(ModelFileError, match="no member 'backbone'"):
        Architecture.from_json(members)
