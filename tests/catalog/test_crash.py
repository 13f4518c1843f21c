"""A killed process loses nothing that it acknowledged, and brings nothing back that it deleted."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.catalog.catalog_makers import (
    MODEL,
    MODELS,
    OTHER,
    arrival,
    ids,
    image_id,
    open_catalog,
    restaged,
    vector_of,
)
from tests.catalog.catalog_switcher import NUMBERS

from lookalike_server.catalog.catalog import Catalog
from lookalike_server.records import Filter

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


def killed_before(step: int, folder: Path) -> tuple[list[str], int]:
    """What the switcher said until it was killed before this step, and how it ended."""
    program: list[str | Path] = [sys.executable, "-m", "tests.catalog.catalog_switcher", folder, str(step)]
    done = subprocess.run(program, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.stdout.split("\n")[:-1], done.returncode


@pytest.mark.slow
def test_kill_9_leaves_the_old_generation_whole_or_the_new_one(tmp_path: Path) -> None:
    owners = []
    for step in range(1, 40):
        folder = tmp_path / str(step)
        with open_catalog(folder, models=MODELS, small=5) as catalog:
            catalog.create_collection("c")
            catalog.add([arrival(number) for number in NUMBERS])
        said, status = killed_before(step, folder)
        with open_catalog(folder, models=MODELS, small=5) as catalog:
            owners.append(expect_one_generation(catalog, said))
            for number in NUMBERS if owners[-1] == MODEL else ():
                assert catalog.stage([restaged(number)]) == [None], "it goes on where it stopped"
            if owners[-1] == MODEL:
                catalog.switch_model("c", OTHER)
            assert expect_one_generation(catalog, ["switched"]) == OTHER
        if status == 0:
            break
    assert owners.count(MODEL) > 8
    assert owners.count(OTHER) > 1, "killed after the commit, too"
    assert owners == sorted(owners), "from some step on it is the new one"


def expect_one_generation(catalog: Catalog, said: list[str]) -> str:
    """That all is of one model, and what was said is there; which model."""
    assert catalog.verify() == []
    owner = catalog.collection("c").model_id
    dim = MODELS[owner]
    for number in NUMBERS:
        assert ids(catalog.search("c", vector_of(number, dim), limit=1)) == [image_id(number)]
        assert catalog.vectors("c", [image_id(number)])[image_id(number)].tolist() == vector_of(number, dim).tolist()
    assert owner == OTHER or "switched" not in said
    lacking = ids(catalog.images("c", Filter(not_embedded_by=OTHER), 100)[0])
    for line in said:
        if line.startswith("staged"):
            assert image_id(int(line.split()[1])) not in lacking
    return owner
