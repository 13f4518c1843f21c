"""Builds the reference of the SDK from its docstrings; the HTML needs no network. python docs/reference.py FOLDER."""

import sys
from dataclasses import dataclass
from importlib.metadata import version
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
    ("search", "query"): "lookalike.types.Query",
    ("embed", "picture"): "lookalike.types.Picture",
    ("import_images", "items"): "Iterable[lookalike.types.Picture | lookalike.types.ImportItem]",
}
"""Parameters, by method and name, and what to show of their types."""


def build(folder: Path) -> None:
    """Write the pages into a folder; the first is `index.html`."""
    for name in lookalike.__all__:
        # The clients come with their first use, which pdoc does not make.
        vars(lookalike)[name] = getattr(lookalike, name)
    for client in (lookalike.Client, lookalike.AsyncClient):
        for (method, parameter), alias in ALIASES.items():
            getattr(client, method).__annotations__[parameter] = Named(alias)
    pdoc.render.configure(docformat="markdown", show_source=False, footer_text=f"Lookalike {version('lookalike')}")
    pdoc.pdoc(*MODULES, output_directory=folder)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
    print(f"open {Path(sys.argv[1]) / 'index.html'}")
