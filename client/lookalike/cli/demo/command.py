"""`lookalike demo`: see it work on this machine, in a minute, without pictures of your own."""

import signal
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli.demo import INSTALL
from lookalike.cli.output import INTERRUPTED, fail, remark

NEEDED = ("PIL", "grpc_health")
"""What tells that the `cli` and `server` extras are here."""

Photos = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, metavar="DIR", help="Use the pictures of this folder, at most 24."),
]
Out = Annotated[
    Path | None,
    typer.Option(file_okay=False, metavar="DIR", help="Empty or new folder for pictures and contact sheet."),
]
Model = Annotated[str, typer.Option(metavar="NAME", help="Model to serve.")]
Engine = Annotated[str, typer.Option(metavar="NAME", help="Engine to run it: auto, onnx or tensorflow.")]


def demo(
    photos: Photos = None,
    out: Out = None,
    model: Model = "deepranking-lite0",
    engine: Engine = "auto",
) -> None:
    """See it work: altered photographs find their originals.

    Starts a server of its own on a free port of this machine and stops it again.
    """
    if any(find_spec(package) is None for package in NEEDED):
        raise fail(f"The demo runs a server of its own, which is not installed here: {INSTALL}")
    folder = _folder(out)
    # Else a kill would leave the demo's server behind.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    from lookalike.cli.demo import story  # noqa: PLC0415 - grpc and Pillow are loaded only here

    try:
        story.tell(photos, folder, model=model, engine=engine)
    except KeyboardInterrupt:
        remark("\nStopped; the demo's server too.", "yellow")
        raise typer.Exit(INTERRUPTED) from None


def _folder(out: Path | None) -> Path:
    if out is None:
        return Path(tempfile.mkdtemp(prefix="lookalike-demo-"))
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise typer.BadParameter(f"{out} is not empty: choose a new folder", param_hint="--out")
    return out
