"""The options of `lookalike search`, but for those that several commands share and those of filters."""

from pathlib import Path
from typing import Annotated

import typer

from lookalike.types import ScenePreference

SCENE_WEIGHT = ScenePreference().weight

_EXAMPLES, _KEEPING = "Examples", "Keeping results"

Queries = Annotated[
    list[str] | None,
    typer.Argument(metavar="QUERY", help="Files, folders of pictures, or id:SHA256 of images in the collection."),
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="Matches at most.")]
RegionText = Annotated[
    str | None,
    typer.Option("--region", metavar="L,T,R,B", help="Look for this part only; edges as fractions: 0,0,0.5,1."),
]
Turned = Annotated[
    bool, typer.Option("--tta", help="Look for each picture mirrored and turned by 90 degrees, too: takes eight times.")
]
Elsewhere = Annotated[bool, typer.Option("--not-same-folder", help="No images from the query's folder.")]
NotItself = Annotated[bool, typer.Option("--not-same-source", help="No images from the query's own path.")]
Scenes = Annotated[
    list[str] | None,
    typer.Option("--scene", metavar="NAME", help="Only images of this scene; may be repeated. A classifier errs."),
]
SameScene = Annotated[bool, typer.Option("--same-scene", help="Only images of the query's scene.")]
Preferred = Annotated[
    list[str] | None,
    typer.Option("--prefer-scene", metavar="NAME", help="Rank images of this scene higher; may be repeated."),
]
PreferSame = Annotated[bool, typer.Option("--prefer-same-scene", help="Rank images of the query's scene higher.")]
Weight = Annotated[
    float, typer.Option(min=0, max=2, help="What showing none of the preferred scenes costs, as distance.")
]
Distance = Annotated[float | None, typer.Option(min=0, help="Nothing farther than this; 0 is same, 2 opposite.")]
Group = Annotated[
    float | None,
    typer.Option(
        "--group", metavar="DISTANCE", min=0, max=2, help="Fold what is at most so far from a better match into it."
    ),
]
Eventual = Annotated[
    bool, typer.Option("--eventual", help="May miss the latest images: faster while many are imported.")
]
Exact = Annotated[bool, typer.Option("--exact", help="Compare with every image: slower, misses nothing.")]
Open = Annotated[bool, typer.Option("--open", help="Make a contact sheet and open it in the desktop's viewer.")]
Like = Annotated[
    list[str] | None,
    typer.Option(
        "--like", metavar="FILE|id:SHA256", help="More like this; may be repeated.", rich_help_panel=_EXAMPLES
    ),
]
Unlike = Annotated[
    list[str] | None,
    typer.Option(
        "--unlike", metavar="FILE|id:SHA256", help="Less like this; may be repeated.", rich_help_panel=_EXAMPLES
    ),
]
ExamplesFile = Annotated[
    Path | None,
    typer.Option(
        "--examples",
        exists=True,
        dir_okay=False,
        metavar="FILE",
        help="Examples, one a line: a file or id:SHA256, after `- ` one to look less like.",
        rich_help_panel=_EXAMPLES,
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON instead of tables: one object, or of several queries a line each.")
]
CsvFile = Annotated[
    Path | None,
    typer.Option("--csv", metavar="FILE|-", help="Write a row a match, for spreadsheets.", rich_help_panel=_KEEPING),
]
ReportFile = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE.html|.json",
        help="Write a report that `lookalike replay` asks again. It always searches as --exact does, so that an "
        "unchanged collection gives the identical list.",
        rich_help_panel=_KEEPING,
    ),
]
WithThumbnails = Annotated[
    bool,
    typer.Option("--thumbnails", help="Put small copies of the pictures into the HTML.", rich_help_panel=_KEEPING),
]
NoBlur = Annotated[
    bool,
    typer.Option("--no-blur", help="Show these at once, not blurred until asked for.", rich_help_panel=_KEEPING),
]
