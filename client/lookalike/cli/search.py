"""`lookalike search IMAGE`: the pictures of a collection that look like this one."""

import re
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from lookalike.cli.connection import Connection, connect
from lookalike.cli.filters import After, Before, BoxText, FilterText, NearText, Sources, read_box, read_filter
from lookalike.cli.found import print_found
from lookalike.cli.options import (
    DEFAULT_COLLECTION,
    DEFAULT_SERVER,
    AsJson,
    Ca,
    Collection,
    OnlyLabels,
    Prefix,
    Server,
    SheetFile,
    Tls,
    Token,
    check_folder,
    read_labels,
    read_region,
)
from lookalike.cli.output import OK, fail, print_json, printable, remark
from lookalike.containers import container_of
from lookalike.types import Consistency, Filter, Image, Region, ScenePreference, SearchResult, StoredImage

SCENE_WEIGHT = ScenePreference().weight
STORED = re.compile(r"id:([0-9a-f]{64})")

Which = Annotated[str, typer.Argument(metavar="IMAGE", help="A file, or id:SHA256 of an image in the collection.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="Matches at most.")]
RegionText = Annotated[
    str | None,
    typer.Option("--region", metavar="L,T,R,B", help="Look for this part only; edges as fractions: 0,0,0.5,1."),
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


def search(
    which: Which,
    *,
    collection: Collection = DEFAULT_COLLECTION,
    limit: Limit = 10,
    region: RegionText = None,
    label: OnlyLabels = None,
    path_prefix: Prefix = "",
    not_same_folder: Elsewhere = False,
    not_same_source: NotItself = False,
    scene: Scenes = None,
    same_scene: SameScene = False,
    taken_after: After = None,
    taken_before: Before = None,
    box: BoxText = None,
    near: NearText = None,
    source: Sources = None,
    written: FilterText = None,
    prefer_scene: Preferred = None,
    prefer_same_scene: PreferSame = False,
    scene_weight: Weight = SCENE_WEIGHT,
    max_distance: Distance = None,
    group: Group = None,
    eventual: Eventual = False,
    exact: Exact = False,
    sheet: SheetFile = None,
    open_sheet: Open = False,
    server: Server = DEFAULT_SERVER,
    token: Token = None,
    tls: Tls = False,
    ca: Ca = None,
    as_json: AsJson = False,
) -> None:
    """Find the pictures that look like this one."""
    query = _query(which)
    check_folder(sheet)
    part = read_region(region)
    options = Filter(
        labels=read_labels(label or []),
        path_prefix=path_prefix,
        not_same_folder=not_same_folder,
        not_same_source=not_same_source,
        scenes=scene or (),
        same_scene=same_scene,
        captured_from=taken_after,
        captured_before=taken_before,
        box=read_box(box, near),
        source_paths=source or (),
    )
    admitted = options & read_filter(written)
    preferred = ScenePreference(prefer_scene or (), prefer_same_scene, scene_weight)
    with connect(Connection(server, token, tls, ca, as_json)) as client:
        result = client.search(
            query,
            collection=collection,
            limit=limit,
            region=part,
            filter=admitted,
            prefer=preferred if prefer_scene or prefer_same_scene else None,
            max_distance=max_distance,
            group_distance=group,
            exact=exact,
            consistency=Consistency.EVENTUAL if eventual else Consistency.STRONG,
        )
        stored = client.image(query.id, collection=collection) if isinstance(query, StoredImage) else None
    if as_json:
        print_json(result)
    else:
        print_found(result, collection)
    if sheet or open_sheet:
        file = sheet or Path(tempfile.mkdtemp(prefix="lookalike-"), "found.png")
        _draw(result, stored or Path(which), part, file)
        remark(f"Contact sheet: {printable(str(file))}")
        if open_sheet and typer.launch(str(file)) != OK:
            remark("There is no desktop's viewer here to open it with.", "yellow")


def _query(which: str) -> Path | StoredImage:
    if written := STORED.fullmatch(which):
        return StoredImage(written[1])
    path = Path(which)
    if not Path(container_of(which)).is_file():
        hint = f"{printable(which)} is no file here, and not id: with 64 hexadecimal digits"
        raise typer.BadParameter(hint, param_hint="IMAGE")
    return path


def _draw(result: SearchResult, query: Path | Image, region: Region | None, file: Path) -> None:
    from lookalike.cli import contact  # noqa: PLC0415 - Pillow is loaded for a sheet only

    try:
        contact.write_found(result, query, region, file)
    except OSError as error:
        raise fail(f"No contact sheet was written: {printable(str(error))}") from None
