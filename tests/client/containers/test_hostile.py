"""Each damaged or hostile container ends as its table says, at once, and leaves nothing behind."""

import re
from pathlib import Path

import pytest
from tests.client.containers.hostile import CASES, PICTURE, Case
from tests.client.containers.makers import LIMIT, inside, outcome

from lookalike import containers
from lookalike.errors import LookalikeError


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_a_bad_container_costs_itself(tmp_path: Path, case: Case) -> None:
    path = tmp_path / f"made{case.suffix}"
    case.make(path)
    before = sorted(tmp_path.rglob("*"))
    members = list(containers.members(path, LIMIT))
    told = {inside(member): outcome(member) for member in members}
    assert list(told) == list(case.expected)
    for place, words in case.expected.items():
        if words == PICTURE:
            assert isinstance(told[place], bytes), told[place]
        else:
            assert re.search(words, str(told[place])), told[place]
            assert str(path) in str(told[place])
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_what_came_is_read_again_and_what_failed_fails_again(tmp_path: Path, case: Case) -> None:
    path = tmp_path / f"made{case.suffix}"
    case.make(path)
    for member in containers.members(path, LIMIT):
        told = outcome(member)
        if isinstance(told, bytes):
            assert containers.read(member.path, LIMIT) == told
        elif inside(member):
            with pytest.raises(LookalikeError):
                containers.read(member.path, LIMIT)
