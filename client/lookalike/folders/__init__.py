"""Folders and a collection kept in step: what lies there, what has changed, and bringing it over.

    from lookalike import Client, folders

    with Client("localhost:50051") as looks:
        for step in folders.keep(looks, ["photos/"], collection="holiday"):
            print(step.outcome, step.path)

Nothing is remembered here: the collection's own sources say what was seen, with which size and time. So nothing can be
lost on this side, it may be killed at any moment, and the next run does what is left.
"""

from collections.abc import Iterable, Iterator, Mapping

from lookalike._channel import StrPath
from lookalike.client import Client
from lookalike.folders.difference import Difference, compare
from lookalike.folders.emptied import check_prune
from lookalike.folders.globs import Globs
from lookalike.folders.keep import bring
from lookalike.folders.rehearsal import Rehearsal
from lookalike.folders.roots import Root, Roots
from lookalike.folders.scan import Rules, Symlinks
from lookalike.folders.steps import Outcome, Step

__all__ = [
    "Difference",
    "Globs",
    "Outcome",
    "Rehearsal",
    "Root",
    "Roots",
    "Rules",
    "Step",
    "Symlinks",
    "bring",
    "check_prune",
    "compare",
    "keep",
]


def keep(
    client: Client,
    paths: Iterable[StrPath],
    *,
    collection: str = "default",
    rules: Rules | None = None,
    labels: Mapping[str, str] | None = None,
    prune: bool = False,
    allow_empty: bool = False,
) -> Iterator[Step]:
    """Keep a collection in step with files and folders; yields once per picture that differs, when it is settled.

    What has the size and time at which the collection saw it is passed over. Changed and new files are hashed, and only
    bytes that the collection lacks travel: what was moved or renamed keeps its image and its labels. An image whose
    file is gone stays, unless `prune` is given and it lies nowhere else. `rules` say what counts below a folder.

    Raises FileNotFoundError for a path where nothing is; FolderEmpty where `prune` meets a folder without a picture of
    which the collection knows some, unless `allow_empty`; and what `Client.import_images` raises.
    """
    roots = Roots.named(paths)
    difference = compare(client, roots, collection=collection, rules=rules, with_unchanged=bool(labels))
    if prune and not allow_empty:
        check_prune(difference, roots, rules)
    yield from bring(client, difference, collection=collection, labels=labels, prune=prune)
