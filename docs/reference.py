"""Builds the reference of the SDK from its docstrings; the HTML needs no network. python docs/reference.py FOLDER."""

import sys
from dataclasses import dataclass
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path

import pdoc

import lookalike

MODULES = ("lookalike", "lookalike.load", "lookalike_server.testing")
"""What is public; the package brings what its `__all__` names: `types` and `errors`."""


@dataclass(frozen=True)
class Named:
    """A type that is shown by its name: written out it would fill lines."""

    name: str

    def __repr__(self) -> str:
        return self.name


ALIASES = {
    "Client.search.query": "lookalike.types.Query",
    "Client.embed.picture": "lookalike.types.Picture",
    "Client.import_images.items": "Iterable[lookalike.types.Picture | lookalike.types.ImportItem]",
    "AsyncClient.search.query": "lookalike.types.Query",
    "AsyncClient.embed.picture": "lookalike.types.Picture",
    "AsyncClient.import_images.items": "Iterable[lookalike.types.Picture | lookalike.types.ImportItem]",
    "show.query": "lookalike.types.Query | None",
}
"""Parameters, and what to show of their types: an alias that is text means nothing in their own module, or is long."""


def build(folder: Path) -> None:
    """Write the pages into a folder; the first is `index.html`."""
    for name in lookalike.__all__:
        # What is imported when it is first used: pdoc would not.
        vars(lookalike)[name] = getattr(lookalike, name)
    for path, alias in ALIASES.items():
        function, _, parameter = path.rpartition(".")
        attrgetter(function)(lookalike).__annotations__[parameter] = Named(alias)
    pdoc.render.configure(docformat="markdown", show_source=False, footer_text=f"Lookalike {version('lookalike')}")
    pdoc.pdoc(*MODULES, output_directory=folder)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
    print(f"open {Path(sys.argv[1]) / 'index.html'}")
