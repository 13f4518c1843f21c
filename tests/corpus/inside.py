"""Hostile containers, which the client opens: how many pictures of each can be sent, and how many members are refused.

What is said of each member is held by the tests in tests/client/containers.
"""

import tempfile
from pathlib import Path

from tests.client.containers.hostile import CASES, Case
from tests.client.containers.makers import LIMIT, outcome

from lookalike import containers


def outcomes() -> list[tuple[str, str]]:
    """Title and outcome of each container."""
    return [(case.title, _outcome(case)) for case in CASES]


def _outcome(case: Case) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"made{case.suffix}")
        case.make(path)
        told = [outcome(member) for member in containers.members(path, LIMIT)]
        came = sum(isinstance(each, bytes) and each != b"" for each in told)
        return f"sent {came}, refused {len(told) - came}"
