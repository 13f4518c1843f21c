"""From what was found to its contact sheet: what stands on each tile."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lookalike.cli.sheet import Row, found_sheet, rows_sheet, save
from lookalike.cli.tile import LOUD, Tile
from lookalike.counting import counted
from lookalike.errors import ImageNotFound
from lookalike.originals import GONE, local_file, short_name
from lookalike.reports import Asked
from lookalike.showing.words import heading, standing
from lookalike.types import DuplicateGroup, Image, Match, Region, SearchResult

if TYPE_CHECKING:
    import lookalike

ROWS, COLUMNS = 40, 7
"""Groups on a sheet, and pictures of each beside its first."""


def write_found(result: SearchResult, query: Path | Image | None, region: Region | None, file: Path) -> None:
    """Draw query and matches and write the sheet. Raises OSError where the file cannot be, or must not be, written."""
    tile = _query_tile(query, region)
    title = f"{tile.caption}: {len(result):,} most alike"
    save(found_sheet(title, standing(result), Row(tile, [_match_tile(match) for match in result])), file)


def write_answers(
    answers: Sequence[tuple[Path | Image | None, SearchResult]], region: Region | None, file: Path
) -> None:
    """Draw queries with what was found for each, one a row, and write the sheet; raises as `write_found`."""
    if len(answers) == 1:
        ((query, result),) = answers
        write_found(result, query, region, file)
        return
    rows = [
        Row(_query_tile(query, region), [_match_tile(match) for match in result[:COLUMNS]]) for query, result in answers
    ]
    save(rows_sheet(counted(len(answers), "query"), standing(answers[0][1]), rows), file)


def write_groups(groups: Sequence[DuplicateGroup], title: str, note: str, file: Path) -> None:
    """Draw the first groups of near-duplicates, one a row, and write the sheet; raises as `write_found`."""
    rows = [Row(*_group_tiles(group)) for group in groups[:ROWS]]
    more = f" · the first {ROWS} of {len(groups):,} groups" if len(groups) > ROWS else ""
    save(rows_sheet(title + more, note, rows), file)


def _group_tiles(group: DuplicateGroup) -> tuple[Tile, list[Tile]]:
    """Give the first and those nearest to it."""
    first, *others = [
        Tile(path, f"{distance:.4f}", short_name(image), missing=missing)
        for image, distance in zip(group.images[: COLUMNS + 1], group.distances, strict=False)
        for path, missing in (local_file(image),)
    ]
    return replace(first, heading=f"{group.image_count:,} alike", frame=LOUD), others


def shown(client: "lookalike.Client", collection: str, asked: Asked) -> Path | Image | None:
    """Give the file that was asked with, or the collection's record of it; None where it has none any more."""
    if asked.path is not None:
        return Path(asked.path)
    try:
        return client.image(asked.sha256, collection=collection)
    except ImageNotFound:
        return None


def _query_tile(query: Path | Image | None, region: Region | None) -> Tile:
    if query is None:
        return Tile(None, "query", "", LOUD, missing=GONE)
    if isinstance(query, Path):
        return Tile(query, "query", query.name, LOUD, region)
    path, missing = local_file(query)
    return Tile(path, "query", short_name(query), LOUD, region, missing)


def _match_tile(match: Match) -> Tile:
    path, missing = local_file(match.image)
    return Tile(path, heading(match), short_name(match.image), missing=missing)
