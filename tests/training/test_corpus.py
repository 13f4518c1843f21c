"""Lessons and exam never share a picture, and a kind that is left out is in no lesson."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lookalike_server.errors import TrainingDataError
from lookalike_server.training.corpus import LEFT_OUT, NOT_A_SCENE, Corpus, gather
from lookalike_server.training.folder import find, set_aside
from lookalike_server.training.gallery import Gallery
from lookalike_server.training.recipe import Recipe

KINDS = {"places": ("beach", "forest", "snow"), "objects": ("beach", "chair", "lamp", "shoe")}
EACH = 10


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders; each picture is of a grey of its own, by which a lesson is known again."""
    root, grey = tmp_path_factory.mktemp("root"), 0
    for folder, kinds in KINDS.items():
        for kind in kinds:
            (root / folder / kind).mkdir(parents=True)
            for number in range(EACH):
                Image.new("RGB", (24, 16), (grey, grey, grey)).save(root / folder / kind / f"{number}.png")
                grey += 3
    return root


def greys(gallery: Gallery) -> list[int]:
    return [round(np.asarray(gallery.picture(number)).mean() / 3) for number in range(len(gallery))]


def gathered(root: Path, *folders: str, scenes: str | None = None, **recipe: Any) -> Corpus:
    chosen = [root / folder for folder in folders or KINDS]
    return gather(chosen, root / scenes if scenes else None, Recipe(**recipe), 2)


def test_what_is_set_aside_is_in_the_exam_and_in_no_lesson(root: Path) -> None:
    corpus = gathered(root)
    pictures = find([root / folder for folder in KINDS])
    aside = set(np.flatnonzero(set_aside(pictures)).tolist())
    # Pictures were made folder by folder in the order of KINDS, whose kinds are sorted: rows are greys.
    assert set(greys(corpus.exam_pictures)) == aside
    assert set(greys(corpus.lessons)) == set(range(70)) - aside
    assert len(corpus.exam_pictures) == 14


def test_kinds_of_one_name_in_two_folders_are_two(root: Path) -> None:
    corpus = gathered(root)
    assert len(np.unique(corpus.labels.kinds)) == 7
    assert np.bincount(corpus.labels.kinds).tolist() == [8] * 7
    by_grey = dict(zip(greys(corpus.lessons), corpus.labels.kinds.tolist(), strict=True))
    kinds = {folder: {by_grey[grey] for grey in by_grey if (grey < 30) == (folder == "places")} for folder in KINDS}
    assert not kinds["places"] & kinds["objects"]


def test_the_exam_asks_each_taste_among_its_own(root: Path) -> None:
    exam = gathered(root).exam
    assert {name: len(rows) for name, rows in exam.tastes.items()} == {"places": 6, "objects": 8}
    places, objects = (set(exam.kinds[exam.tastes[name]].tolist()) for name in KINDS)
    assert not places & objects


def test_kinds_left_out_are_in_no_lesson_and_never_of_the_scenes(root: Path) -> None:
    for count, left_out in ((1, 1), (3, 3), (99, len(KINDS["objects"]))):
        corpus = gathered(root, scenes="places", leave_out=count)
        assert len(corpus.left_out) == left_out
        assert set(corpus.left_out) <= set(KINDS["objects"])
        assert len(corpus.exam.tastes[LEFT_OUT]) == EACH * len(corpus.left_out)
        never = corpus.exam.kinds[corpus.exam.tastes[LEFT_OUT]]
        assert len(np.unique(never)) == len(corpus.left_out)
        asked = {greys(corpus.exam_pictures)[row] // EACH for row in corpus.exam.tastes[LEFT_OUT]}
        assert not asked & {grey // EACH for grey in greys(corpus.lessons)}
        assert min(asked) >= len(KINDS["places"])
        assert np.unique(corpus.labels.kinds).tolist() == list(range(7 - len(corpus.left_out)))


def test_without_kinds_left_out_there_is_no_such_taste(root: Path) -> None:
    assert LEFT_OUT not in gathered(root).exam.tastes


def test_scenes_are_the_kinds_of_their_folder_alone(root: Path) -> None:
    corpus = gathered(root, scenes="places")
    assert corpus.scenes == KINDS["places"]
    for grey, scene in zip(greys(corpus.lessons), corpus.labels.scenes.tolist(), strict=True):
        assert scene == (grey // EACH if grey < 30 else NOT_A_SCENE)
    assert np.sort(corpus.exam.scenes).tolist() == [NOT_A_SCENE] * 8 + [0, 0, 1, 1, 2, 2]


def test_without_a_folder_of_scenes_no_picture_shows_one(root: Path) -> None:
    corpus = gathered(root)
    assert corpus.scenes == ()
    assert set(corpus.labels.scenes.tolist()) == {NOT_A_SCENE}


def test_a_folder_may_be_spelt_in_two_ways(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    folders = [Path("places"), Path("objects/../places/"), Path("objects")]
    corpus = gather(folders, root / "places", Recipe(), 2)
    assert len(corpus.lessons) == 56
    assert corpus.scenes == KINDS["places"]
    assert corpus.digest == gathered(root, scenes="places").digest


def test_scenes_of_a_folder_that_is_not_learned_from_are_refused(root: Path) -> None:
    with pytest.raises(TrainingDataError, match=r"--scenes .*places is none of the folders"):
        gathered(root, "objects", scenes="places")


def test_folders_of_one_name_are_told_apart_by_their_paths(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "objects", tmp_path / "places")
    corpus = gather([root / "places", tmp_path / "places"], None, Recipe(), 2)
    assert set(corpus.exam.tastes) == {str(root / "places"), str(tmp_path / "places")}


def test_other_lessons_have_another_digest(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "places", tmp_path / "places")
    same = gather([tmp_path / "places"], None, Recipe(), 2).digest
    assert same == gathered(root, "places").digest
    pictures = find([tmp_path / "places"])
    lesson = next(each for each, aside in zip(pictures, set_aside(pictures), strict=True) if not aside)
    lesson.path.rename(lesson.path.with_name("renamed.png"))
    assert gather([tmp_path / "places"], None, Recipe(), 2).digest != same


def test_what_cannot_be_read_is_told_and_left_out(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(root / "places", tmp_path / "places")
    (tmp_path / "places/snow/0.png").write_bytes(b"no picture")
    corpus = gather([tmp_path / "places"], None, Recipe(), 2)
    assert len(corpus.lessons) + len(corpus.exam_pictures) == 29
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("left out:")]
    assert "snow/0.png" in line


def test_a_broken_file_moves_no_picture_from_what_is_set_aside_to_the_lessons(root: Path, tmp_path: Path) -> None:
    """Of eight files two are set aside, of seven but one."""
    for kind in KINDS["places"]:
        (tmp_path / kind).mkdir()
        for number in range(8):
            shutil.copy(root / "places" / kind / f"{number}.png", tmp_path / kind)
    pictures = find([tmp_path])
    aside = set_aside(pictures)
    broken = next(each.path for each, kept in zip(pictures, aside, strict=True) if not kept)
    asked = {EACH * (row // 8) + row % 8 for row in np.flatnonzero(aside).tolist()}
    broken.write_bytes(b"no picture")
    corpus = gather([tmp_path], None, Recipe(), 2)
    assert len(corpus.lessons) == 17
    assert not asked & set(greys(corpus.lessons))


def test_an_exam_is_of_no_more_pictures_than_it_shall_be(root: Path) -> None:
    exam = gathered(root, exam_pictures=4, exam_copies=3).exam
    assert {name: len(rows) for name, rows in exam.tastes.items()} == {"places": 4, "objects": 4}
    assert len(exam.originals) == 3


def test_one_kind_is_nothing_to_learn_from(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "places/snow", tmp_path / "snow")
    with pytest.raises(TrainingDataError, match="two kinds at least"):
        gather([tmp_path], None, Recipe(), 2)
    with pytest.raises(TrainingDataError, match="two kinds at least"):
        gathered(root, leave_out=7)


def test_kinds_of_which_nothing_is_set_aside_are_refused(root: Path, tmp_path: Path) -> None:
    for kind in ("beach", "snow"):
        (tmp_path / kind).mkdir()
        for number in range(2):
            shutil.copy(root / "places" / kind / f"{number}.png", tmp_path / kind)
    with pytest.raises(TrainingDataError, match="Nothing is set aside to judge with"):
        gather([tmp_path], None, Recipe(), 2)
