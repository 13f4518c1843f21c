"""What the system says is touched below folders, and what has to be looked at because of it."""

from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path, PurePath

from lookalike import pictures
from lookalike.folders.roots import Root, Roots
from lookalike.folders.scan import Rules, Scan

CROWD = 50
"""Touched paths of one folder that make a look at all of it."""


class Unwatchable(OSError):
    """The system does not tell of changes in these folders."""


def touches(folders: Sequence[Path], *, poll: bool, wait: float) -> Generator[set[str], None, None]:
    """Paths that were touched, now and then none; the first tells that watching has begun. Closing it ends it.

    `wait` is the most seconds between two, and while polling about the seconds between two looks. Raises Unwatchable
    where the system watches no more folders, or not these; FileNotFoundError where one is not there.
    """
    import watchfiles  # noqa: PLC0415 - of the extra `cli`

    pause = max(50, int(wait * 1000))
    batches = watchfiles.watch(
        *folders,
        watch_filter=None,
        debounce=pause,
        rust_timeout=pause,
        yield_on_timeout=True,
        force_polling=poll,
        poll_delay_ms=pause,
    )
    try:
        for batch in batches:
            yield {path for _, path in batch}
    except (OSError, RuntimeError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise Unwatchable(str(error)) from error
    finally:
        batches.close()


def narrowed(paths: Iterable[str], folders: Roots, rules: Rules) -> Roots:
    """What to look at: the paths themselves, or their folders where many of one were touched."""
    scan = Scan(folders, rules)
    wanted = []
    for path in paths:
        root = folders.owner(pictures.utf8(path))
        if root and (path == root.path or scan.admits(path, root)):
            wanted.append((path, root))
    crowds = Counter(str(PurePath(path).parent) for path, root in wanted if path != root.path)
    return Roots(_looked_at(path, root, crowds) for path, root in wanted)


def _looked_at(path: str, root: Root, crowds: Counter[str]) -> Root:
    parent = str(PurePath(path).parent)
    return Root(parent if crowds[parent] > CROWD else path, root.base)
