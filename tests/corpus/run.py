"""The corpus through a real server: one stream with every file of it, and good pictures between them."""

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec

from tests.corpus import bombs, cut, names, odd
from tests.corpus.seeds import seeds
from tests.corpus.specimen import TAKEN, UNDECODABLE, Specimen
from tests.pictures import picture_bytes

from lookalike import Client, ImportItem
from lookalike_server.testing import serve

EVERY = 5
"""So many of the corpus stand between two good pictures."""
COLLECTION = "corpus"


@cache
def specimens() -> tuple[Specimen, ...]:
    """All, in the order of the table."""
    whole = (Specimen("whole", name, content, TAKEN, extra=extra_of(name)) for name, content in seeds().items())
    return (*whole, *cut.specimens(), *bombs.specimens(), *odd.specimens(), *names.specimens())


def extra_of(name: str) -> str:
    """The module that must be there to read it."""
    modules = {"jxl": "imagecodecs", "dng": "rawpy", "deep.jpg": "imagecodecs", "lossless.jpg": "imagecodecs"}
    return modules.get(name, modules.get(name.rpartition(".")[2], ""))


def expected(specimen: Specimen) -> str:
    """What must become of it here."""
    is_readable = not specimen.extra or find_spec(specimen.extra) is not None
    return specimen.outcome if is_readable else UNDECODABLE


def good(number: int) -> bytes:
    """A picture with which nothing is wrong."""
    return picture_bytes(1_000 + number, width=90)


def items() -> Iterator[ImportItem]:
    """The corpus and the good pictures, in one stream."""
    for number, specimen in enumerate(specimens()):
        if number % EVERY == 0:
            yield ImportItem(good(number), f"good/{number:03}")
        yield ImportItem(specimen.content, specimen.path or f"corpus/{number:03}")


def outcomes(looks: Client) -> list[str]:
    """What became of each item of the stream: taken, or the reason; in its order."""
    told = {}
    for each in looks.import_images(items(), collection=COLLECTION):
        told[each.index] = each.error.reason if each.error else TAKEN
    return [told[index] for index in sorted(told)]


def run() -> tuple[list[str], list[str]]:
    """What became of each specimen, and of each good picture."""
    with serve() as target, Client(target) as looks:
        told = outcomes(looks)
    bad = [outcome for index, outcome in enumerate(told) if index % (EVERY + 1)]
    return bad, told[:: EVERY + 1]
