"""A search's answer as a person reads it: a table of matches and a line that says what it stands on."""

from rich.table import Table
from rich.text import Text

from lookalike.cli.output import out, printable
from lookalike.showing import words
from lookalike.types import Image, Match, SearchResult, Timings

SOURCES_SHOWN = 3
SIMILAR_SHOWN = 3

standing, in_words = words.standing, words.in_words


def print_found(result: SearchResult, collection: str) -> None:
    """Print the matches, nearest first, and where the time went."""
    if result:
        out.print(_table(result))
    else:
        out.print(f"Nothing in {collection} matches.")
    if result.more_within:
        out.print(f"More lie within that distance than these {len(result):,}: --limit shows more.")
    if result.query_scenes:
        out.print(Text(f"The query shows {in_words(result.query_scenes)}.", style="dim"))
    out.print(Text(standing(result), style="dim"))
    out.print(Text(_times(result.timings), style="dim"))


def _table(result: SearchResult) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("#", "distance", "score", "pixels"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("picture", overflow="fold")
    for match in result:
        pixels = f"{match.image.width}x{match.image.height}" if match.image.width else "unknown"
        figures = (str(match.rank), f"{match.distance:.4f}", f"{match.score:.4f}", pixels)
        table.add_row(*figures, Text.assemble(_places(match.image), (_details(match), "dim")))
    return table


def _places(image: Image) -> str:
    """Give the paths where it was seen; an image without any goes by its id."""
    paths = [printable(source.path) for source in image.sources[:SOURCES_SHOWN]]
    more = len(image.sources) - SOURCES_SHOWN
    return "\n".join([*(paths or [f"id:{image.id}"]), *([f"and {more} more"] if more > 0 else [])])


def _details(match: Match) -> str:
    """Give its labels, its most likely scene, how the query was altered, agreement, and what is folded into it."""
    parts = [printable(f"{key}={value}") for key, value in sorted(match.image.labels.items())]
    parts += [in_words(match.image.scenes[:1])] if match.image.scenes else []
    parts += [f"query {words.altered(match)}"] if words.altered(match) else []
    parts += [f"agrees {match.scene_agreement:.0%}"] if match.scene_agreement is not None else []
    lines = [" ".join(parts)] if parts else []
    return "".join(f"\n{line}" for line in [*lines, *_similar(match)])


def _similar(match: Match) -> list[str]:
    """Give the near-duplicates that it stands for: the first by name, all by number."""
    shown = [
        f"  like it {each.distance:.4f} {printable(each.image.path or f'id:{each.image.id}')}"
        for each in match.similar[:SIMILAR_SHOWN]
    ]
    more = len(match.similar) - SIMILAR_SHOWN
    return [*shown, *([f"  and {more} more like it"] if more > 0 else [])]


def _times(timings: Timings) -> str:
    stages = ("decode", "queue", "embed", "index")
    parts = [f"{stage} {1000 * getattr(timings, stage):.1f}" for stage in stages]
    return f"{1000 * timings.total:.1f} ms: {' · '.join(parts)}"
