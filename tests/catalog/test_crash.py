"""A killed process loses nothing that it acknowledged, and brings nothing back that it deleted."""

import random
import subprocess
import sys
from pathlib import Path

from tests.catalog.catalog_makers import ids, image_id, open_catalog, vector_of

ROUNDS = 4
ROOT = Path(__file__).parents[2]


def killed_after(lines: int, folder: Path, first: int) -> list[list[str]]:
    """What the importer said until it was killed, at some moment after it had said so many lines."""
    program: list[str | Path] = [sys.executable, "-m", "tests.catalog.catalog_importer", folder, str(first)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(lines)]
        child.kill()
        said += child.stdout.readlines()
    return [line.split() for line in said]


def test_kill_9_loses_nothing_acknowledged(tmp_path: Path) -> None:
    with open_catalog(tmp_path) as catalog:
        catalog.create_collection("c")
    chance = random.Random(5)  # noqa: S311  when to kill is no secret
    added, deleted = set[str](), set[str]()
    for turn in range(ROUNDS):
        said = killed_after(chance.randint(2, 60), tmp_path, turn * 1_000_000)
        numbers = [int(line[1]) for line in said if line[0] == "added"]
        added.update(image_id(one) for number in numbers for one in range(number, number + 5))
        deleted.update(image_id(int(line[1])) for line in said if line[0] == "deleted")
        # What was about to be deleted when the process died may be there or not.
        doubtful = {image_id(numbers[-1])} if numbers else set()
        with open_catalog(tmp_path, small=20) as catalog:
            assert catalog.verify() == []
            missing = catalog.missing("c", sorted(added - deleted))
            assert set(missing) <= doubtful
            deleted.update(missing)
            found = ids(catalog.search("c", vector_of(0), limit=1_000, exact=True))
            assert not deleted & set(found)
            assert added - deleted <= set(found)
    assert len(added) > ROUNDS * 5
