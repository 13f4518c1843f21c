"""`lookalike export` and `import`: what comes back is what was there, bit for bit; a damaged folder brings nothing."""

import importlib.util
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cli.shell import Run
from tests.disk import no_file_beyond
from typer.testing import CliRunner, Result

from lookalike import Client, Embedded, Location, Scene, Source
from lookalike.cli import import_exported as importing
from lookalike.cli import passing
from lookalike.cli.app import app
from lookalike.types import Image
from lookalike_server.testing import serve

NOW = datetime(2024, 5, 1, 12, 30, 15, 123456, tzinfo=UTC)
HAS_PARQUET = importlib.util.find_spec("pyarrow") is not None
FORMATS = ["npy", pytest.param("parquet", marks=pytest.mark.skipif(not HAS_PARQUET, reason="the extra parquet"))]


def image_id(number: int) -> str:
    return sha256(f"exported {number}".encode()).hexdigest()


def at(server: str, *arguments: object) -> Result:
    """The command against another server than the module's."""
    return CliRunner().invoke(app, [*map(str, arguments), "--server", server])


def embedded(number: int, dim: int) -> Embedded:
    """Each third has many sources, each second facts and a place; some have a time, a source's time, or none."""
    facts: dict[str, Any] = {"width": 640, "height": 480, "size_bytes": 2**33 + number, "format": "JPEG"}
    vector = np.random.default_rng(number).standard_normal(dim).astype(np.float32)
    image = Embedded(image_id(number), vector, source=Source(f"/a/\N{SNOWMAN} {number}.jpg", NOW, 2**40 + number))
    if number % 2:
        image = replace(image, **facts, location=Location(48.1 + number % 9, -9.3), labels={"k\n": f"'{number}\""})
    if number % 3 == 0:
        image = replace(image, more_sources=[Source(f"/b/{number}/{n}", NOW + timedelta(days=n)) for n in range(5)])
    if number % 5 == 0:
        image = replace(image, captured=NOW - timedelta(days=number), scenes=(Scene("pier", 0.75), Scene("bar", 0.1)))
    if number % 7 == 0:  # no time of its own, though its source has one
        image = replace(image, source=None, more_sources=[Source(f"/c/{number}", NOW), Source("/d")])
    return image


@pytest.fixture(scope="module")
def case(target: str) -> str:
    """The name of a collection of 60 images."""
    with Client(target) as looks:
        model = looks.server_info().models[0]
        looks.create_collection("case", description="shed \N{SNOWMAN}")
        images = [embedded(number, model.dim) for number in range(60)]
        assert all(not step.error for step in looks.import_embedded(images, collection="case", model_id=model.id))
    return "case"


def contents(target: str, collection: str) -> dict[str, tuple[Image, bytes]]:
    """Every image as it is but for when and where it was brought in, with the bits of its vector."""
    with Client(target) as looks:
        listed = looks.images(collection, include_embeddings=True)
        plain: dict[str, Any] = {"collection": "", "created": None, "updated": None, "embedding": None}
        return {image.id: (replace(image, **plain), np.asarray(image.embedding).tobytes()) for image in listed}


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passing, "PAGE", 7)
    monkeypatch.setattr(importing, "BATCH", 7)


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("layout", FORMATS)
def test_a_round_trip_to_another_server_loses_nothing(
    run: Run, target: str, case: str, tmp_path: Path, layout: str
) -> None:
    done = run("export", tmp_path / "out", "--collection", case, "--format", layout, "--json")
    assert (done.exit_code, json.loads(done.stdout)["total"]) == (0, 60), done.output
    with serve() as other:
        moved = at(other, "import", tmp_path / "out", "--json")
        assert moved.exit_code == 0, moved.output
        summary = json.loads(moved.stdout)
        assert (summary["collection"], summary["created"], summary["failures"]) == (case, 60, [])
        assert contents(other, case) == contents(target, case)
        with Client(other) as looks:
            assert looks.collection(case).description == "shed \N{SNOWMAN}"
            assert len(looks.image(image_id(3), collection=case).sources) == 6
            assert looks.image(image_id(7), collection=case).captured is None


@pytest.mark.parametrize("layout", FORMATS)
def test_an_import_goes_on_where_it_stopped(run: Run, target: str, case: str, tmp_path: Path, layout: str) -> None:
    run("export", tmp_path / "out", "--collection", case, "--format", layout)
    name = f"again-{layout}"
    assert run("import", tmp_path / "out", "--collection", name).exit_code == 0
    with Client(target) as looks:
        looks.delete_images([image_id(3), image_id(4)], collection=name)
        half = replace(embedded(3, 64), more_sources=())
        list(looks.import_embedded([half], collection=name, model_id=looks.server_info().models[0].id))
    summary = json.loads(run("import", tmp_path / "out", "--collection", name, "--json").stdout)
    assert (summary["created"], summary["existed"], summary["failed"]) == (1, 59, 0)
    assert contents(target, name) == contents(target, case)
    summary = json.loads(run("import", tmp_path / "out", "--collection", name, "--json").stdout)
    assert (summary["created"], summary["existed"]) == (0, 60)


@pytest.mark.parametrize("told", [{}, {"size_bytes": None}])
def test_a_source_of_no_known_size_has_none(
    run: Run, case: str, tmp_path: Path, target: str, told: dict[str, None]
) -> None:
    run("export", tmp_path / "out", "--collection", case)
    file = tmp_path / "out" / "images.jsonl"
    records = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    for each in records:
        each["sources"] = [{"path": "/x", "modified": None, **told}]
    file.write_text("".join(json.dumps(each) + "\n" for each in records), "utf-8")
    signed(tmp_path / "out", "images.jsonl")
    name = f"sizeless-{len(told)}"
    assert run("import", tmp_path / "out", "--collection", name).exit_code == 0
    assert {image.sources for image, _ in contents(target, name).values()} == {(Source("/x"),)}


def test_other_tools_read_the_files(run: Run, case: str, tmp_path: Path, target: str) -> None:
    run("export", tmp_path / "out", "--collection", case)
    vectors = np.load(tmp_path / "out" / "vectors.npy", mmap_mode="r")
    records = [json.loads(line) for line in (tmp_path / "out" / "images.jsonl").read_text("utf-8").splitlines()]
    assert (vectors.dtype, vectors.shape, len(records)) == (np.float32, (60, 64), 60)
    held = contents(target, case)
    for each, vector in zip(records, vectors, strict=True):
        assert vector.tobytes() == held[each["id"]][1]
    told = {"path": "/b/3/0", "modified": "2024-05-01T12:30:15.123456+00:00", "size_bytes": 0}
    assert records[3]["sources"][1] == told
    assert records[3]["location"] == {"latitude": 51.1, "longitude": -9.3}


@pytest.mark.skipif(not HAS_PARQUET, reason="the extra parquet")
def test_other_tools_read_the_parquet_file(run: Run, case: str, tmp_path: Path) -> None:
    from pyarrow import parquet  # noqa: PLC0415 - an extra

    run("export", tmp_path / "out", "--collection", case, "--format", "parquet")
    table = parquet.read_table(tmp_path / "out" / "images.parquet")
    assert table.num_rows == 60
    assert str(table.schema.field("embedding").type) == "fixed_size_list<element: float>[64]"
    assert table.column("captured")[5].as_py() == NOW - timedelta(days=5)
    assert table.column("location")[3].as_py() == {"latitude": 51.1, "longitude": -9.3}


def test_an_empty_collection_is_exported_and_imported(run: Run, tmp_path: Path) -> None:
    run("collections", "create", "nothing")
    assert run("export", tmp_path / "out", "--collection", "nothing").exit_code == 0
    summary = json.loads(run("import", tmp_path / "out", "--collection", "nothing-2", "--json").stdout)
    assert summary["total"] == 0


@pytest.mark.parametrize("name", ["images.jsonl", "vectors.npy"])
def test_a_damaged_export_brings_nothing(run: Run, case: str, tmp_path: Path, target: str, name: str) -> None:
    run("export", tmp_path / "out", "--collection", case)
    content = bytearray((tmp_path / "out" / name).read_bytes())
    content[-9] ^= 1
    (tmp_path / "out" / name).write_bytes(content)
    done = run("import", tmp_path / "out", "--collection", "damaged")
    assert done.exit_code == 1
    assert f"{name} is not as it was written" in done.stderr
    (tmp_path / "out" / name).unlink()
    assert f"{name} is missing" in run("import", tmp_path / "out", "--collection", "damaged").stderr
    with Client(target) as looks:
        assert "damaged" not in [each.name for each in looks.collections()]


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "no manifest.json"), ("{", "is not what an export writes"), ('{"a": 1}', "is not what an export writes")],
)
def test_a_folder_that_is_no_export_is_told(run: Run, tmp_path: Path, content: str | None, told: str) -> None:
    if content:
        (tmp_path / "manifest.json").write_text(content)
    done = run("import", tmp_path)
    assert done.exit_code == 1
    assert told in done.stderr


HOSTILE: dict[str, dict[str, Any]] = {
    "more than there are": {"count": 10**12},
    "a count below nothing": {"count": -1},
    "a count in words": {"count": "many"},
    "another length": {"dim": 3},
    "no files": {"files": {}},
    "a list of files": {"files": ["images.jsonl"]},
    "no model": {"model_id": None},
    "a number for a name": {"collection": 5},
    "a description that is none": {"description": ["x"]},
    "a way out of the folder": {"files": {"images.jsonl": "x", "vectors.npy": "x", "../../../etc/passwd": "x"}},
}


@pytest.mark.parametrize("said", HOSTILE.values(), ids=HOSTILE)
def test_a_manifest_that_lies_brings_nothing(
    run: Run, case: str, tmp_path: Path, target: str, said: dict[str, Any]
) -> None:
    run("export", tmp_path / "out", "--collection", case)
    manifest = tmp_path / "out" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **said}))
    done = run("import", tmp_path / "out", *([] if "collection" in said else ["--collection", "lied"]))
    assert (done.exit_code, "cannot be imported" in done.stderr) == (1, True), done.output
    with Client(target) as looks:
        held = {each.name: each.image_count for each in looks.collections()}
    assert held.get("lied", 0) == 0


ONES = np.ones((60, 64), np.float32)
ARRAYS = {
    "pickled objects": np.array([{}] * 60, dtype=object),
    "a number": np.float32(3),
    "a row": ONES[0],
    "three axes": ONES.reshape(60, 8, 8),
    "longer vectors": np.ones((60, 65), np.float32),
    "too few": ONES[:59],
    "doubles": ONES.astype(np.float64),
    "texts": ONES.astype(str),
    "big-endian": ONES.astype(">f4"),
    "cut short": b"\x93NUMPY",
    "nothing": b"",
    "a pickle": b"\x80\x04N.",
}


@pytest.mark.parametrize("vectors", ARRAYS.values(), ids=ARRAYS)
def test_vectors_that_are_no_export_s_bring_nothing(run: Run, case: str, tmp_path: Path, vectors: Any) -> None:
    run("export", tmp_path / "out", "--collection", case)
    file = tmp_path / "out" / "vectors.npy"
    file.write_bytes(vectors) if isinstance(vectors, bytes) else np.save(file, vectors, allow_pickle=True)
    signed(tmp_path / "out", "vectors.npy")
    done = run("import", tmp_path / "out", "--collection", "strange-vectors")
    assert (done.exit_code, "vectors.npy" in done.stderr) == (1, True), done.output
    assert "0 created · 0 existed · 0 failed" in done.stderr


def test_hostile_records_cost_themselves(run: Run, case: str, tmp_path: Path) -> None:
    run("export", tmp_path / "out", "--collection", case)
    file = tmp_path / "out" / "images.jsonl"
    lines = file.read_text("utf-8").splitlines()
    sources: tuple[Any, ...] = (None, 5, {"a": 1}, ["x"], [{"path": 5, "modified": None}], [{}])
    changes: list[dict[str, Any]] = [
        *({"id": each} for each in (5, None, "", "x" * 64)),
        *({"sources": each} for each in sources),
        *({"sources": [{"path": "/x", "modified": None, "size_bytes": each}]} for each in ("5", -1, 1.5, [5], 2**70)),
        *({"labels": each} for each in (None, {"a": 5}, [["a", "b"]], "x")),
        *({"width": each} for each in (-1, 2**40, "x", 1.5)),
        *({"size_bytes": 2**70}, {"format": 5}, {"captured": {}}, {"captured": "0001-01-01T00:00:00+23:59"}),
        *({"location": each} for each in ([1, 2], {"latitude": "x", "longitude": 1}, {"latitude": 91, "longitude": 0})),
        *({"scenes": each} for each in (5, [{"name": "x"}], [{"name": "x", "probability": 5}])),
    ]
    bad = [json.dumps({**json.loads(line), **change}) for line, change in zip(lines, changes, strict=False)]
    bad += ["[1]", "null", "5", '"x"', "{}", "[" * 100_000]
    file.write_text("\n".join([*bad, *lines[len(bad) :]]) + "\n", "utf-8")
    signed(tmp_path / "out", "images.jsonl")
    done = run("import", tmp_path / "out", "--collection", "hostile", "--json")
    assert done.stdout, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["created"], summary["failed"]) == (60 - len(bad), len(bad)), summary["failures"]


@pytest.mark.skipif(not HAS_PARQUET, reason="the extra parquet")
@pytest.mark.parametrize("harm", ["numbers", "nothing", "gone", "short"])
@pytest.mark.parametrize("column", ["id", "sources", "labels", "captured", "location", "embedding"])
def test_a_parquet_file_of_other_columns_brings_nothing(
    run: Run, case: str, tmp_path: Path, column: str, harm: str
) -> None:
    import pyarrow  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    run("export", tmp_path / "out", "--collection", case, "--format", "parquet")
    file = tmp_path / "out" / "images.parquet"
    table = parquet.read_table(file)
    place, field = table.schema.get_field_index(column), table.schema.field(column)
    harmed = {
        "numbers": lambda: table.set_column(place, column, pyarrow.array([5] * 60)),
        "nothing": lambda: table.set_column(place, column, pyarrow.nulls(60)),
        "gone": lambda: table.drop_columns([column]),
        "short": lambda: table.slice(1).set_column(place, field, pyarrow.nulls(59, field.type)),
    }[harm]()
    parquet.write_table(harmed, file)
    signed(tmp_path / "out", "images.parquet")
    done = run("import", tmp_path / "out", "--collection", "strange-columns")
    assert (done.exit_code, "images.parquet has" in done.stderr) == (1, True), done.output
    assert "0 created · 0 existed · 0 failed" in done.stderr


def signed(folder: Path, name: str) -> None:
    """The hash of a changed file, as an export would write it."""
    said = json.loads((folder / "manifest.json").read_text())
    said["files"][name] = sha256((folder / name).read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(said))


def test_vectors_of_another_model_are_refused(run: Run, case: str, tmp_path: Path) -> None:
    run("export", tmp_path / "out", "--collection", case)
    with serve(model="tiny:32") as other:
        done = at(other, "import", tmp_path / "out", "--json")
    error = json.loads(done.stderr)["error"]
    assert (done.exit_code, error["reason"]) == (1, "MODEL_MISMATCH")
    assert "lookalike index" in error["message"]


def test_a_bad_record_costs_itself(run: Run, case: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run("export", folder, "--collection", case)
    lines = (folder / "images.jsonl").read_text("utf-8").splitlines()
    lines[1] = json.dumps({"id": image_id(1), "sources": [{"path": "/x"}]})
    (folder / "images.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    said = json.loads((folder / "manifest.json").read_text())
    said["files"]["images.jsonl"] = sha256((folder / "images.jsonl").read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(said))
    done = run("import", folder, "--collection", "one-bad", "--json")
    summary = json.loads(done.stdout)
    assert (done.exit_code, summary["created"], summary["failed"]) == (1, 59, 1)
    assert (summary["failures"][0]["id"], summary["failures"][0]["path"]) == (image_id(1), "/x")
    assert summary["failures"][0]["reason"] == "BAD_RECORD"


def test_a_folder_with_something_in_it_is_left_alone(run: Run, case: str, tmp_path: Path) -> None:
    (tmp_path / "diary").touch()
    done = run("export", tmp_path, "--collection", case)
    assert done.exit_code == 1
    assert "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["diary"]


def test_what_was_not_finished_is_removed(run: Run, case: str, tmp_path: Path) -> None:
    assert run("export", tmp_path / "out", "--collection", "none").exit_code == 1
    with no_file_beyond(4_096):
        done = run("export", tmp_path / "out", "--collection", case)
    assert done.exit_code == 1
    assert "cannot be written" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_parquet_is_told(
    run: Run, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.cli.parquet.find_spec", lambda _: None)
    done = run("export", tmp_path / "out", "--collection", case, "--format", "parquet")
    assert done.exit_code == 1
    assert "lookalike[parquet]" in done.stderr
    assert list(tmp_path.iterdir()) == []
