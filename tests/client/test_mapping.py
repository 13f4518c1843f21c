"""Maps of collections: where images stand, which pictures are shown, what is written."""

import importlib.util
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.decomposition import PCA
from tests.client.html_pages import Page
from tests.pictures import write_pictures

from lookalike import Client, Embedded, Filter, Source, mapping
from lookalike.mapping import Atlas, Method, Placed, Point, Unmappable, coordinates, png, reading
from lookalike.mapping.coordinates import by_pca, framed
from lookalike.mapping.palette import COLOURS, GREY, groups, numbered
from lookalike.mapping.thinning import apart, spread

HAS_UMAP = importlib.util.find_spec("umap") is not None
HOSTILE = "</script><script>alert(1)</script><img src=x onerror='alert(2)'>\"&\u202e\u2028"


def vectors(count: int, dim: int = 16, seed: int = 0) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    whole = random.standard_normal((count, dim)) * np.linspace(2, 0.1, dim)
    return np.asarray(whole / np.linalg.norm(whole, axis=1, keepdims=True), np.float32)


def atlas(count: int, groups: int = 3) -> Atlas:
    points = [Point(f"{number:064x}", f"/a/{number}.jpg", f"group {number % groups}") for number in range(count)]
    return Atlas("holiday", "tiny", points, vectors(count))


@pytest.fixture(scope="module")
def client(target: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a server with twelve pictures, labelled by whether their number is even."""
    folder = tmp_path_factory.mktemp("mapped")
    even, odd = (write_pictures(folder / name, range(start, 12, 2)) for start, name in enumerate(("even", "odd")))
    with Client(target) as client:
        for name, paths in (("even", even), ("odd", odd)):
            assert all(not step.error for step in client.import_images(paths, collection="map", labels={"kind": name}))
        yield client


def test_a_read_collection_has_a_row_for_each_image(client: Client) -> None:
    steps: list[tuple[int, int]] = []
    read = mapping.read(client, "map", label="kind", progress=lambda done, total: steps.append((done, total)))
    assert read.vectors.shape == (12, 64)
    for point, vector in zip(read.points, read.vectors, strict=True):
        image = client.image(point.id, collection="map", include_embedding=True)
        assert np.array_equal(np.asarray(image.embedding), vector)
        assert (point.path, point.group) == (image.path, image.labels["kind"])
    assert steps[-1] == (12, 12)


def test_a_read_is_narrowed_by_a_filter(client: Client) -> None:
    assert len(mapping.read(client, "map", filter=Filter(labels={"kind": "odd"})).points) == 6
    assert mapping.read(client, "map", filter=Filter(labels={"kind": "none"})).vectors.shape == (0, 64)
    assert {point.group for point in mapping.read(client, "map", label="other").points} == {"unknown"}


def test_more_images_than_a_map_has_room_for_are_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST", 11)
    with pytest.raises(Unmappable, match="room for 11 images: narrow"):
        mapping.read(client, "map")
    assert len(mapping.read(client, "map", filter=Filter(labels={"kind": "odd"})).points) == 6


@pytest.mark.parametrize("chunk", [10_000, 7])
def test_pca_is_that_of_scikit_learn_but_for_signs(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coordinates, "CHUNK", chunk)
    whole = vectors(200)
    ours, share = by_pca(whole)
    model = PCA(n_components=2, svd_solver="full").fit(whole.astype(np.float64))
    theirs = model.transform(whole)
    for axis in (0, 1):
        sign = np.sign(ours[0, axis] * theirs[0, axis])
        np.testing.assert_allclose(ours[:, axis] * sign, theirs[:, axis], atol=1e-5)
    assert share == pytest.approx(model.explained_variance_ratio_.sum(), rel=1e-4)
    assert ours.dtype == np.float32


def test_pca_gives_the_same_every_time_and_whatever_the_order() -> None:
    whole = vectors(200)
    ours = by_pca(whole)[0]
    assert np.array_equal(ours, by_pca(whole)[0])
    np.testing.assert_allclose(by_pca(whole[::-1])[0][::-1], ours, atol=1e-5)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
@pytest.mark.parametrize(
    "method", ["pca", pytest.param("umap", marks=pytest.mark.skipif(not HAS_UMAP, reason="extra"))]
)
def test_a_few_images_have_places_too(count: int, method: str) -> None:
    placed = mapping.place(vectors(count), Method(method))
    assert (placed.places.shape, placed.method) == ((count, 2), Method.PCA)
    assert np.isfinite(framed(placed, 100, 50)).all()


def test_equal_images_stand_in_the_middle() -> None:
    placed = mapping.place(np.ones((5, 8), np.float32))
    np.testing.assert_allclose(framed(placed, 100, 50), [[50, 25]] * 5, atol=1e-3)
    assert len(framed(mapping.place(vectors(0)), 100, 50)) == 0


def test_a_frame_is_filled_and_keeps_distances_alike() -> None:
    placed = Placed(np.array([[0, 0], [2, 0], [1, 1]], np.float32), Method.PCA, "")
    np.testing.assert_allclose(framed(placed, 100, 100), [[0, 25], [100, 25], [50, 75]])
    stretched = framed(replace(placed, method=Method.UMAP), 100, 100)
    np.testing.assert_allclose(stretched, [[0, 10], [100, 10], [50, 90]], atol=1e-4)


def test_umap_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coordinates, "find_spec", lambda _: None)
    with pytest.raises(Unmappable, match=r'pip install "lookalike\[umap\]"'):
        mapping.place(vectors(40), Method.UMAP)


@pytest.mark.slow
@pytest.mark.skipif(not HAS_UMAP, reason="the extra umap")
def test_umap_keeps_neighbours_together_and_is_the_same_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    centres = vectors(4, dim=32, seed=1)
    whole = np.repeat(centres, 30, axis=0) + vectors(120, dim=32) * np.float32(0.1)
    placed = mapping.place(whole, Method.UMAP)
    assert placed.method is Method.UMAP
    assert np.array_equal(placed.places, mapping.place(whole, Method.UMAP).places)
    kinds = np.arange(120) // 30
    apart = np.linalg.norm(placed.places[:, None] - placed.places[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (kinds[apart.argmin(axis=1)] == kinds).mean() > 0.95
    monkeypatch.setattr(coordinates, "SAMPLE", 80)
    sampled = mapping.place(whole, Method.UMAP).places
    assert np.isfinite(sampled).all()
    apart = np.linalg.norm(sampled[:, None] - sampled[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (kinds[apart.argmin(axis=1)] == kinds).mean() > 0.95


def test_the_largest_groups_have_colours_and_the_others_are_grey() -> None:
    points = [Point("", "", f"{number:02}") for number in range(20) for _ in range(30 - number)]
    found = groups(points)
    assert [group.colour for group in found] == [*COLOURS, GREY]
    assert (found[0].name, found[0].count) == ("00", 30)
    assert (found[-1].name, found[-1].count) == ("others", 14 + 13 + 12 + 11)
    numbers = numbered(points, found)
    assert [numbers.count(number) for number in range(len(found))] == [group.count for group in found]
    assert groups([]) == []


def test_the_first_of_an_order_stand_for_the_whole_map() -> None:
    random = np.random.default_rng(0)
    dense, lonely = random.uniform(0.0, 0.2, (500, 2)), [[0.9, 0.9]]
    places = np.concatenate([dense, lonely]).astype(np.float32)
    order = spread(places)
    assert sorted(order.tolist()) == list(range(501))
    assert order[0] < 500
    assert 500 in order[:2]
    assert len(spread(places[:0])) == 0


def test_pictures_do_not_cover_each_other() -> None:
    places = np.random.default_rng(0).uniform(0, 1000, (2000, 2)).astype(np.float32)
    taken = apart(places, range(2000), 80)
    assert taken[0] == 0
    gaps = np.abs(places[taken][:, None] - places[taken][None]).max(axis=2)
    np.fill_diagonal(gaps, np.inf)
    assert gaps.min() >= 80
    left = np.setdiff1d(np.arange(2000), taken)
    near = np.abs(places[left][:, None] - places[taken][None]).max(axis=2).min(axis=1)
    assert near.max() < 80


@pytest.mark.parametrize("count", [0, 1, 2, 40])
def test_a_png_shows_its_dots(count: int, client: Client, tmp_path: Path) -> None:
    shown = atlas(count)
    mapping.write_png(tmp_path / "map.png", client, shown, mapping.place(shown.vectors), pictures=False)
    with Image.open(tmp_path / "map.png") as drawn:
        assert (drawn.size, drawn.info["Software"]) == ((png.WIDTH, png.HEIGHT), png.MARK)
        frame = drawn.crop((*png.ORIGIN, png.ORIGIN[0] + png.FRAME[0], png.ORIGIN[1] + png.FRAME[1]))
    paper = tuple(bytes.fromhex(png.PAPER.removeprefix("#")))
    assert (frame.getcolors(1 << 20) == [(frame.width * frame.height, paper)]) is (count == 0)


def test_a_png_shows_thumbnails_of_the_files_here(client: Client, tmp_path: Path) -> None:
    read = mapping.read(client, "map")
    placed = mapping.place(read.vectors)
    steps: list[tuple[int, int]] = []
    mapping.write_png(tmp_path / "a.png", client, read, placed, progress=lambda *step: steps.append(step))
    mapping.write_png(tmp_path / "b.png", client, read, placed, pictures=False)
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()
    assert steps[-1][0] == steps[-1][1] > 1


def test_the_fewer_images_the_larger_their_thumbnails() -> None:
    sizes = [png.thumbnail_size(count) for count in (0, 1, 100, 200, 1000, 100_000)]
    assert sizes == sorted(sizes, reverse=True)
    assert (sizes[0], sizes[-1]) == (png.LARGEST, png.SMALLEST)


def page_of(file: Path) -> tuple[Page, dict[str, list[object]]]:
    page = Page(file.read_text("utf-8"))
    (data,) = re.findall(
        r'<script type="application/json" id="data">(.*?)</script>', file.read_text("utf-8"), re.DOTALL
    )
    return page, json.loads(data)


def test_a_page_holds_all_that_it_shows_and_fetches_nothing(client: Client, tmp_path: Path) -> None:
    read = mapping.read(client, "map", label="kind")
    mapping.write_html(tmp_path / "map.html", client, read, mapping.place(read.vectors))
    page, data = page_of(tmp_path / "map.html")
    assert (page.outside(), page.unclosed) == ([], [])
    assert not re.search(r"https?:|//[a-z]", (tmp_path / "map.html").read_text("utf-8").replace("// ", ""))
    assert "default-src 'none'" in " ".join(page.attributes("content"))
    assert data["paths"] == [point.path for point in read.points]
    assert len(data["places"]) == 24
    assert len(data["pictures"]) == 12
    assert {group["name"] for group in data["groups"]} == {"even", "odd"}  # type: ignore[index]


@pytest.mark.parametrize("count", [0, 1, 2, 40])
def test_a_page_of_any_number_is_whole(count: int, client: Client, tmp_path: Path) -> None:
    shown = atlas(count)
    mapping.write_html(tmp_path / "map.html", client, shown, mapping.place(shown.vectors), pictures=False)
    page, data = page_of(tmp_path / "map.html")
    assert page.unclosed == []
    assert len(data["group"]) == count


def test_what_comes_from_outside_stays_data(client: Client, tmp_path: Path) -> None:
    points = [Point("00", f"/a/{HOSTILE}.jpg", HOSTILE), Point("01", "/b.jpg", "{{data}}")]
    shown = Atlas("{{note}}" + HOSTILE, HOSTILE, points, vectors(2))
    mapping.write_html(tmp_path / "map.html", client, shown, mapping.place(shown.vectors), pictures=False)
    page, data = page_of(tmp_path / "map.html")
    assert [tag for tag, _ in page.tags].count("script") == 2
    assert "img" not in page.names
    assert "onerror" not in {name for _, attributes in page.tags for name in attributes}
    assert "<script>alert(1)" in str(data["paths"][0])
    assert not {"\u202e", "\u2028"} & set((tmp_path / "map.html").read_text("utf-8"))
    mapping.write_png(tmp_path / "map.png", client, shown, mapping.place(shown.vectors), pictures=False)


def test_a_map_replaces_an_earlier_map_and_nothing_else(client: Client, tmp_path: Path) -> None:
    shown = atlas(2)
    placed = mapping.place(shown.vectors)
    for write, name in ((mapping.write_png, "map.png"), (mapping.write_html, "map.html")):
        for _ in range(2):
            write(tmp_path / name, client, shown, placed, pictures=False)
        (tmp_path / name).write_bytes(b"notes")
        with pytest.raises(FileExistsError, match="is not a map"):
            write(tmp_path / name, client, shown, placed, pictures=False)
        assert (tmp_path / name).read_bytes() == b"notes"


def test_images_whose_files_are_not_here_stay_dots(target: str, tmp_path: Path) -> None:
    with Client(target) as client:
        model = client.server_info().models[0]
        away = [
            Embedded(sha256(bytes([n])).hexdigest(), vectors(4, model.dim)[n], source=Source(f"/gone/{n}.jpg"))
            for n in range(4)
        ]
        list(client.import_embedded(away, collection="away", model_id=model.id))
        read = mapping.read(client, "away")
        mapping.write_html(tmp_path / "map.html", client, read, mapping.place(read.vectors))
    assert page_of(tmp_path / "map.html")[1]["pictures"] == []
