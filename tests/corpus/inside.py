"""Hostile containers, which the client opens: how many pictures of each are taken, and how many members refused.

What is said of each member is held by the tests in tests/client/containers.
"""

import tempfile
from pathlib import Path

from tests.client.containers.hostile import CASES, Case
from tests.client.containers.makers import LIMIT

from lookalike import containers


def outcomes() -> list[tuple[str, str]]:
    """Title and outcome of each container."""
    return [(case.title, _outcome(case)) for case in CASES]


def _outcome(case: Case) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"made{case.suffix}")
        case.make(path)
        failed = [member.error is not None for member in containers.members(path, LIMIT)]
        return f"taken {failed.count(False)}, refused {failed.count(True)}"
