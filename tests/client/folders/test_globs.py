import pytest

from lookalike.folders import Globs


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("*.png", "a.png", True),
        ("*.png", "deep/er/a.png", True),
        ("*.png", "A.PNG", True),
        ("IMG_?.jpg", "img_1.jpg", True),
        ("IMG_?.jpg", "img_12.jpg", False),
        ("2019/*", "2019/a.png", True),
        ("2019/*", "2019/may/a.png", False),
        ("2019/*", "old/2019/a.png", False),
        ("2019/**", "2019/may/a.png", True),
        ("**/may/*", "2019/may/a.png", True),
        ("**/may/*", "may/a.png", True),
        ("/a.png", "a.png", True),
        ("/a.png", "deep/a.png", False),
        ("[ab].png", "b.png", True),
    ],
)
def test_a_glob_without_a_slash_is_held_against_names_and_one_with_a_slash_against_paths(
    glob: str, path: str, matches: bool
) -> None:
    assert Globs(include=[glob]).admits_file(path) is matches
    assert Globs(exclude=[glob]).admits_file(path) is not matches


def test_what_is_excluded_is_out_though_it_is_included() -> None:
    globs = Globs(include=["*.png"], exclude=["b*"])
    assert [name for name in ("a.png", "b.png", "a.jpg") if globs.admits_file(name)] == ["a.png"]


@pytest.mark.parametrize("glob", ["cache", "cache/", "**/cache", "more/cache/", "more/cache/**"])
def test_excluded_folders_are_not_entered(glob: str) -> None:
    assert not Globs(exclude=[glob]).admits_folder("more/cache")
    assert Globs(exclude=[glob]).admits_folder("more")


def test_included_files_are_sought_in_every_folder() -> None:
    assert Globs(include=["*.png"]).admits_folder("cache")
