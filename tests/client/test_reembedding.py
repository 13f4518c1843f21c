"""Re-embedding with both clients: from the sources, beside the vectors in use, switched at once, resumed."""

import shutil
from pathlib import Path

import pytest
from tests.client.faces import Connect
from tests.pictures import picture_bytes, write_pictures

from lookalike import Client, ImportItem
from lookalike.errors import (
    BadRequest,
    CollectionNotFound,
    ModelMismatch,
    ReembedIncomplete,
    SourceChanged,
    SourceVanished,
)
from lookalike.types import ReembedProgress
from lookalike_server.testing import serve

OLD, NEW = "tiny-1", "tiny-32-1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six pictures of this test's own: it may take them away."""
    write_pictures(tmp_path / "photos", range(6))
    return tmp_path / "photos"


@pytest.fixture
def filled(looks: Client, collection: str, folder: Path) -> Client:
    """The client, with the folder in the collection."""
    list(looks.import_folder(folder, collection=collection))
    return looks


def test_a_collection_is_given_to_another_model(filled: Client, collection: str) -> None:
    before = filled.collection(collection)
    steps = list(filled.reembed(collection, model="tiny:32"))
    assert [(step.done, step.total, step.error) for step in steps] == [(n, 6, None) for n in range(1, 7)]
    after = filled.collection(collection)
    assert (before.model_id, after.model_id, after.dim, after.image_count) == (OLD, NEW, 32, 6)
    assert after.generation > before.generation
    result = filled.search(picture_bytes(2), collection=collection, include_embeddings=True)
    assert (result.model_id, result[0].distance, len(result)) == (NEW, 0, 6)
    assert result[0].embedding is not None
    assert len(result[0].embedding) == 32


def test_labels_sources_and_times_stay(filled: Client, collection: str) -> None:
    image = next(iter(filled.images(collection)))
    filled.update_image(image.id, labels={"k": "v"}, collection=collection)
    before = list(filled.images(collection))
    list(filled.reembed(collection, model=NEW))
    assert list(filled.images(collection)) == before


def test_until_the_switch_the_old_model_goes_on(filled: Client, collection: str) -> None:
    steps = filled.reembed(collection, model="tiny:32")
    next(steps)
    assert filled.search(picture_bytes(2), collection=collection).model_id == OLD
    late = list(filled.import_images([picture_bytes(77)], collection=collection))
    assert late[0].error is None
    assert filled.search(picture_bytes(77), collection=collection)[0].distance == 0


def test_what_is_imported_meanwhile_is_embedded_too(filled: Client, collection: str, folder: Path) -> None:
    steps = filled.reembed(collection, model="tiny:32")
    first = next(steps)
    write_pictures(folder, range(6, 8))
    list(filled.import_folder(folder, collection=collection))
    rest = list(steps)
    assert (first.total, rest[-1].done, rest[-1].total) == (6, 8, 8)
    assert filled.collection(collection).model_id == NEW
    assert filled.search(picture_bytes(7), collection=collection)[0].distance == 0


def test_vanished_and_changed_sources_are_told(filled: Client, collection: str, folder: Path) -> None:
    (folder / "0001.png").unlink()
    (folder / "0002.png").write_bytes(picture_bytes(99))
    list(filled.import_images([picture_bytes(50)], collection=collection))
    steps: list[ReembedProgress] = []
    with pytest.raises(ReembedIncomplete, match="3 of the 7 images"):
        steps.extend(filled.reembed(collection, model="tiny:32"))
    errors = {Path(step.path or "none").name: step.error for step in steps if step.error}
    assert {name: type(error) for name, error in errors.items()} == {
        "0001.png": SourceVanished,
        "0002.png": SourceChanged,
        "none": SourceVanished,
    }
    assert "0001.png" in str(errors["0001.png"])
    assert "without a path" in str(errors["none"])
    assert filled.collection(collection).model_id == OLD
    assert filled.search(picture_bytes(1), collection=collection)[0].distance == 0


def test_what_lacks_a_vector_is_dropped_if_wanted(filled: Client, collection: str, folder: Path) -> None:
    (folder / "0001.png").unlink()
    steps = list(filled.reembed(collection, model="tiny:32", drop_missing=True))
    assert [step.path for step in steps if step.error] == [str(folder / "0001.png")]
    assert filled.collection(collection).image_count == 5
    assert len(filled.search(picture_bytes(1), collection=collection)) == 5


def test_run_again_it_goes_on_where_it_stopped(filled: Client, collection: str, folder: Path) -> None:
    shutil.move(folder / "0004.png", folder.parent / "aside.png")
    with pytest.raises(ReembedIncomplete):
        list(filled.reembed(collection, model="tiny:32"))
    assert len(list(filled.images(collection, not_embedded_by="tiny:32"))) == 1
    shutil.move(folder.parent / "aside.png", folder / "0004.png")
    (again,) = filled.reembed(collection, model="tiny:32")
    assert (again.done, again.total, again.path) == (1, 1, str(folder / "0004.png"))
    assert filled.collection(collection).model_id == NEW


def test_left_halfway_it_has_switched_nothing(filled: Client, collection: str) -> None:
    steps = filled.reembed(collection, model="tiny:32")
    next(steps)
    steps.close()
    assert filled.collection(collection).model_id == OLD
    assert len(list(filled.images(collection, not_embedded_by="tiny:32"))) < 6


def test_the_first_source_that_holds_it_serves(looks: Client, collection: str, folder: Path) -> None:
    content = picture_bytes(3)
    (folder / "other.png").write_bytes(picture_bytes(98))
    places = [folder / "gone.png", folder / "other.png", folder / "0003.png"]
    list(looks.import_images([ImportItem(content, path=str(place)) for place in places], collection=collection))
    (step,) = looks.reembed(collection, model="tiny:32")
    assert step.error is None


def test_relative_sources_start_at_the_root(looks: Client, collection: str, folder: Path) -> None:
    list(looks.import_images([ImportItem(picture_bytes(3), path="photos/0003.png")], collection=collection))
    (step,) = looks.reembed(collection, model="tiny:32", root=folder.parent)
    assert step.error is None


def test_back_and_forth_gives_the_first_vectors_again(filled: Client, collection: str) -> None:
    image = next(iter(filled.images(collection)))
    first = filled.image(image.id, collection=collection, include_embedding=True).embedding
    list(filled.reembed(collection, model="tiny:32"))
    assert len(list(filled.reembed(collection, model="tiny"))) == 6
    again = filled.image(image.id, collection=collection, include_embedding=True).embedding
    assert first is not None
    assert again is not None
    assert list(first) == list(again)


def test_an_empty_collection_switches(looks: Client, collection: str) -> None:
    looks.create_collection(collection)
    assert list(looks.reembed(collection, model="tiny:32")) == []
    assert looks.collection(collection).model_id == NEW


def test_what_cannot_be_done_is_said(looks: Client, collection: str) -> None:
    looks.create_collection(collection)
    with pytest.raises(BadRequest, match="tiny-1, tiny-32-1"):
        list(looks.reembed(collection, model="huge"))
    with pytest.raises(ModelMismatch, match="already"):
        list(looks.reembed(collection, model="tiny"))
    with pytest.raises(CollectionNotFound):
        list(looks.reembed("nowhere", model="tiny:32"))


def test_a_collection_whose_model_is_not_served_any_more_is_opened_by_it(
    connect: Connect, tmp_path: Path, folder: Path
) -> None:
    data = tmp_path / "data"
    with serve(model="tiny", data=data) as target:
        list(connect(target).import_folder(folder, collection="c"))
    with serve(model="tiny:32", data=data) as target:
        looks = connect(target)
        with pytest.raises(ModelMismatch, match="lookalike reembed"):
            looks.search(picture_bytes(1), collection="c")
        assert len(list(looks.reembed("c", model="tiny:32"))) == 6
        assert looks.search(picture_bytes(1), collection="c")[0].distance == 0


def test_scenes_and_facts_come_with_the_vectors(connect: Connect, folder: Path) -> None:
    with serve(model="tiny,tiny:scenes") as target:
        looks = connect(target)
        list(looks.import_folder(folder, collection="c"))
        assert {image.scenes for image in looks.images("c")} == {()}
        list(looks.reembed("c", model="tiny:scenes"))
        told = looks.embed(picture_bytes(2), model="tiny:scenes").scenes
        assert [scene.name for scene in told]
        image = looks.search(picture_bytes(2), collection="c")[0].image
        assert [scene.name for scene in image.scenes] == [scene.name for scene in told]
        list(looks.reembed("c", model="tiny"))
        assert {image.scenes for image in looks.images("c")} == {()}
