"""The options that say which images may match, and how their texts become a filter."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli.output import printable
from lookalike.errors import BadFilter
from lookalike.types import Filter, GeoBox


def read_time(text: str) -> datetime:
    """Read a day, or a day and a time: Typer would take 2024 for the seconds since 1970."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        hint = f"{printable(text)} is no time such as 2024-05-01 or 2024-05-01T12:30:00"
        raise typer.BadParameter(hint) from None


After = Annotated[
    datetime | None,
    typer.Option(parser=read_time, metavar="TIME", help="Only images taken then or later: 2024-05-01T12:30:00."),
]
Before = Annotated[
    datetime | None, typer.Option(parser=read_time, metavar="TIME", help="Only images taken before: 2024-05-01.")
]
BoxText = Annotated[
    str | None,
    typer.Option(
        "--box",
        metavar="S,W,N,E",
        help="Only images taken between these degrees of latitude and longitude: 36,-10,44,4.",
    ),
]
NearText = Annotated[
    str | None,
    typer.Option("--near", metavar="LAT,LON,KM", help="Only images taken in the box around so many kilometres."),
]
Sources = Annotated[
    list[str] | None,
    typer.Option("--source", metavar="PATH", help="Only the image of this very path; may be repeated."),
]
FilterText = Annotated[
    str | None,
    typer.Option(
        "--filter",
        metavar="JSON|@FILE",
        help='Only images that this lookalike.v1.Filter admits: {"any_of": [{"labels": {"who": "me"}}, ...]}.',
    ),
]


def read_box(box: str | None, near: str | None) -> GeoBox | None:
    """Read S,W,N,E in degrees, or LAT,LON,KM."""
    if box is not None and near is not None:
        raise typer.BadParameter("give --box or --near, not both", param_hint="--near")
    if box is not None:
        return GeoBox(*_numbers(box, "S,W,N,E", "36,-10,44,4", "--box"))
    try:
        return None if near is None else GeoBox.around(*_numbers(near, "LAT,LON,KM", "38.72,-9.14,25", "--near"))
    except BadFilter as error:
        raise typer.BadParameter(error.message, param_hint="--near") from None


def read_filter(text: str | None) -> Filter:
    """Read a Filter of the protos as JSON, or from the file that follows an @; without a text it admits everything."""
    if text is None:
        return Filter()
    # protobuf is loaded for a written filter only
    from google.protobuf import json_format  # noqa: PLC0415

    from lookalike import _messages  # noqa: PLC0415
    from lookalike.v1 import types_pb2  # noqa: PLC0415

    try:
        written = Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text
        return _messages.filter_from(json_format.Parse(written, types_pb2.Filter()))
    except OSError as error:
        hint = f"{printable(text[1:])} cannot be read: {error.strerror}"
    except (json_format.ParseError, UnicodeDecodeError) as error:
        hint = f"this is no lookalike.v1.Filter as JSON: {' '.join(str(error).split())}"
    raise typer.BadParameter(hint, param_hint="--filter")


def _numbers(text: str, form: str, example: str, option: str) -> Sequence[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != len(form.split(",")):
        raise typer.BadParameter(f"{text!r} is not {form} such as {example}", param_hint=option)
    return numbers
