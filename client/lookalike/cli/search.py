"""`lookalike search QUERY...`: the pictures of a collection that look like these."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import typer

from lookalike.cli.answers import Asking, Outlets, answer
from lookalike.cli.connection import Connection, connect
from lookalike.cli.filters import After, Before, BoxText, FilterText, NearText, Sources, read_box, read_filter
from lookalike.cli.options import (
    DEFAULT_COLLECTION,
    DEFAULT_SERVER,
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
from lookalike.cli.output import FAILED, OK, fail, printable, reason, remark
from lookalike.cli.queries import read_wanted
from lookalike.cli.reporting import read_keeping
from lookalike.cli.search_options import (
    SCENE_WEIGHT,
    AsJson,
    CsvFile,
    Distance,
    Elsewhere,
    Eventual,
    Exact,
    ExamplesFile,
    Group,
    Like,
    Limit,
    NoBlur,
    NotItself,
    Open,
    Preferred,
    PreferSame,
    Queries,
    RegionText,
    ReportFile,
    SameScene,
    Scenes,
    Turned,
    Unlike,
    Weight,
    WithThumbnails,
)
from lookalike.reports import Answer, Terms
from lookalike.types import Consistency, Filter, ScenePreference


def search(
    which: Queries = None,
    *,
    collection: Collection = DEFAULT_COLLECTION,
    limit: Limit = 10,
    region: RegionText = None,
    tta: Turned = False,
    like: Like = None,
    unlike: Unlike = None,
    examples: ExamplesFile = None,
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
    csv: CsvFile = None,
    report: ReportFile = None,
    thumbnails: WithThumbnails = False,
    no_blur: NoBlur = False,
    server: Server = DEFAULT_SERVER,
    token: Token = None,
    tls: Tls = False,
    ca: Ca = None,
    as_json: AsJson = False,
) -> None:
    """Find the pictures that look like these.

    Several queries, or a folder of them, are answered in their order; one that fails costs itself, and the exit status
    is 1. With examples each query looks for what is more like itself and those of --like, and less like those of
    --unlike; without a query the examples are one.
    """
    wanted = read_wanted(which or [], like or [], unlike or [], examples)
    check_folder(sheet)
    outlets = Outlets(as_json, csv, read_keeping(report, thumbnails, no_blur), bool(sheet or open_sheet))
    outlets.check()
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
    preferred = ScenePreference(prefer_scene or (), prefer_same_scene, scene_weight)
    terms = Terms(
        limit=limit,
        region=read_region(region),
        filter=options & read_filter(written),
        prefer=preferred if prefer_scene or prefer_same_scene else None,
        max_distance=max_distance,
        group_distance=group,
        tta=tta,
    )
    how = {
        "exact": exact or report is not None,
        "consistency": Consistency.EVENTUAL if eventual else Consistency.STRONG,
    }
    with connect(Connection(server, token, tls, ca, as_json)) as client:
        asking = Asking(client, server, collection, terms, how)
        answers, failed = answer(asking, wanted, outlets)
        if outlets.sheet:
            file = sheet or Path(tempfile.mkdtemp(prefix="lookalike-"), "found.png")
            _draw(asking, answers, file, open_sheet)
    if failed:
        raise typer.Exit(FAILED)


def _draw(asking: Asking, answers: Sequence[Answer], file: Path, open_sheet: bool) -> None:
    from lookalike.cli import contact  # noqa: PLC0415 - Pillow is loaded for a sheet only

    found = [
        (contact.shown(asking.client, asking.collection, each.question.positives[0]), each.result)
        for each in answers[: contact.ROWS]
        if each.result is not None
    ]
    if not found:
        remark("No contact sheet was written: nothing was found to show.", "yellow")
        return
    try:
        contact.write_answers(found, asking.terms.region, file)
    except OSError as error:
        raise fail(f"No contact sheet was written: {reason(error)}") from None
    remark(f"Contact sheet: {printable(str(file))}")
    if open_sheet and typer.launch(str(file)) != OK:
        remark("There is no desktop's viewer here to open it with.", "yellow")
