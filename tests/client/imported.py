"""What an import must have come to, whatever befell it on its way."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from lookalike import Client
from lookalike.types import ImportProgress


def nothing_lost_nothing_doubled(
    looks: Client, collection: str, paths: Sequence[Path], done: Sequence[ImportProgress]
) -> None:
    """Each file is one image with one source, and was told of once."""
    assert [each.error for each in done] == [None] * len(paths)
    assert [each.done for each in done] == list(range(1, len(paths) + 1))
    assert {each.total for each in done} == {len(paths)}
    assert Counter(each.path for each in done) == {path.as_posix(): 1 for path in paths}
    held = list(looks.images(collection))
    files = {hashlib.sha256(path.read_bytes()).hexdigest(): path.as_posix() for path in paths}
    assert [
        (image.id, [source.path for source in image.sources]) for image in sorted(held, key=lambda each: each.id)
    ] == [(image_id, [files[image_id]]) for image_id in sorted(files)]
    assert looks.collection(collection).image_count == len(files)
    for each in done:
        assert files[each.image_id or ""] == each.path
