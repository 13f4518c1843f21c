"""From a search's answer to its contact sheet: which file here stands for an image, and what is written under it."""

from pathlib import Path, PurePosixPath

from lookalike.cli.found import standing
from lookalike.cli.sheet import Row, found_sheet, save
from lookalike.cli.tile import LOUD, Tile
from lookalike.types import Image, Match, Region, SearchResult

GONE, CHANGED = "not found on this machine", "changed since it was indexed"


def write_found(result: SearchResult, query: Path | Image, region: Region | None, file: Path) -> None:
    """Draw query and matches and write the sheet. Raises OSError where the file cannot be, or must not be, written."""
    tile = _query_tile(query, region)
    title = f"{tile.caption}: {len(result):,} most alike"
    save(found_sheet(title, standing(result), Row(tile, [_match_tile(match) for match in result])), file)


def local_file(image: Image) -> tuple[Path | None, str]:
    """Return a file with this image's bytes on this machine, or None and the reason.

    Of an image that came as an embedding the bytes were never seen: what lies at its path stands for it.
    """
    here = [path for path in (Path(source.path) for source in image.sources) if path.is_file()]
    same = [path for path in here if not image.format or path.stat().st_size == image.size_bytes]
    return (same[0], "") if same else (None, CHANGED if here else GONE)


def _query_tile(query: Path | Image, region: Region | None) -> Tile:
    box = (region.left, region.top, region.right, region.bottom) if region else None
    if isinstance(query, Path):
        return Tile(query, "query", query.name, LOUD, box)
    path, missing = local_file(query)
    return Tile(path, "query", _name(query), LOUD, box, missing)


def _match_tile(match: Match) -> Tile:
    path, missing = local_file(match.image)
    return Tile(path, _heading(match), _name(match.image), missing=missing)


def _heading(match: Match) -> str:
    """Give rank and distance, and how far it shows the preferred scenes: with them distance alone does not rank."""
    agrees = "" if match.scene_agreement is None else f" · agrees {match.scene_agreement:.0%}"
    return f"{match.rank} · {match.distance:.4f}{agrees}"


def _name(image: Image) -> str:
    """Give folder and file: cameras give the same file names again and again."""
    return "/".join(PurePosixPath(image.path).parts[-2:]) if image.path else f"id:{image.id}"
