"""Folders that lost their last picture: a disk that is not connected looks just like that."""

from lookalike.errors import FolderEmpty
from lookalike.folders.difference import Difference
from lookalike.folders.roots import Roots
from lookalike.folders.scan import File, Rules, Scan


def emptied(difference: Difference, folders: Roots, rules: Rules | None = None) -> str | None:
    """The first folder given of which something is gone, and in which no picture lies any more."""
    scan = Scan(folders, rules or Rules())
    losers = dict.fromkeys(folders.owner(seen.source.path) for seen in difference.gone)
    bare = (root for root in losers if root and not any(isinstance(each, File) for each in scan.files(root)))
    return next((root.path for root in bare), None)


def check_prune(difference: Difference, folders: Roots, rules: Rules | None = None) -> None:
    """Raise FolderEmpty rather than take a disk that is not connected for a folder that was emptied."""
    if folder := emptied(difference, folders, rules):
        raise FolderEmpty(
            f"no picture lies in {folder}, though the collection knows some from there: connect its disk, "
            "or give --allow-empty (allow_empty=True) to have their images removed"
        )
