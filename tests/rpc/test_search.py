"""What searches mean, through the wire."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from tests.pictures import encoded, picture, picture_bytes
from tests.rpc.conftest import Doors, doors

from lookalike.v1 import image_service_pb2 as ipb
from lookalike.v1 import search_service_pb2 as spb
from lookalike.v1 import types_pb2 as tpb

COUNT = 40
NAME = "searched"


@pytest.fixture(scope="module")
def full() -> Iterator[tuple[Doors, list[str]]]:
    """A server that holds 40 pictures in two folders, with labels and times."""
    with doors() as opened:
        opened.make(NAME)
        answers = {answer.tag: answer for answer in opened.images.ImportImages(map(arrival, range(COUNT)), timeout=30)}
        yield opened, [answers[seed].image_id for seed in range(COUNT)]


def arrival(seed: int) -> ipb.ImportImagesRequest:
    request = ipb.ImportImagesRequest(tag=seed, collection=NAME, content=picture_bytes(seed))
    request.source.path = f"/case/{'a' if seed < 30 else 'b'}/{seed}.png"
    request.source.modify_time.seconds = 1_000 + seed
    request.labels["parity"] = "odd" if seed % 2 else "even"
    return request


def search(opened: Doors, **fields: Any) -> spb.SearchResponse:
    answer: spb.SearchResponse = opened.search.Search(spb.SearchRequest(collection=NAME, **fields), timeout=10)
    return answer


def seeds_of(answer: spb.SearchResponse, ids: list[str]) -> list[int]:
    return [ids.index(match.image.id) for match in answer.matches]


def embedding(opened: Doors, image_id: str) -> np.ndarray[Any, np.dtype[np.float32]]:
    request = ipb.GetImageRequest(collection=NAME, image_id=image_id, include_embedding=True)
    return np.frombuffer(opened.images.GetImage(request, timeout=10).embedding.float32_le, "<f4")


def test_by_bytes_the_picture_itself_is_first_and_exact(full: tuple[Doors, list[str]]) -> None:
    opened, ids = full
    answer = search(opened, picture=tpb.Picture(content=picture_bytes(7)))
    assert seeds_of(answer, ids)[0] == 7
    assert answer.matches[0].distance == 0
    assert answer.matches[0].score == 1
    assert [match.rank for match in answer.matches] == list(range(1, 11)), "10 unless told otherwise"
    distances = [match.distance for match in answer.matches]
    assert distances == sorted(distances)


def test_distance_is_euclidean_and_score_the_cosine(full: tuple[Doors, list[str]]) -> None:
    opened, ids = full
    answer = search(opened, image_id=ids[3], include_embeddings=True, limit=5)
    query = embedding(opened, ids[3]).astype(np.float64)
    for match in answer.matches:
        vector = np.frombuffer(match.embedding.float32_le, "<f4").astype(np.float64)
        assert match.distance == pytest.approx(np.linalg.norm(query - vector), abs=1e-6)
        assert match.score == pytest.approx(query @ vector, abs=1e-6)
    assert not search(opened, image_id=ids[3], limit=1).matches[0].HasField("embedding")


def test_by_id_the_image_is_no_answer_to_itself(full: tuple[Doors, list[str]]) -> None:
    opened, ids = full
    by_id = search(opened, image_id=ids[3], limit=COUNT)
    by_bytes = search(opened, picture=tpb.Picture(content=picture_bytes(3)), limit=COUNT)
    assert len(by_id.matches) == COUNT - 1
    assert seeds_of(by_bytes, ids) == [3, *seeds_of(by_id, ids)]


def test_by_vector_of_any_length_but_zero(full: tuple[Doors, list[str]]) -> None:
    opened, ids = full
    vector = tpb.Vector(float32_le=(embedding(opened, ids[5]) * 7).tobytes())
    assert search(opened, vector=vector).matches[0].distance == pytest.approx(0, abs=1e-6)


def test_by_region_the_part_is_found(full: tuple[Doors, list[str]]) -> None:
    opened, ids = full
    scene = picture(100, 400, 300)
    scene.paste(picture(11), (200, 150))
    region = tpb.Region(left=0.5, top=0.5, right=1.0, bottom=1.0)
    part = search(opened, picture=tpb.Picture(content=encoded(scene), region=region))
    assert seeds_of(part, ids)[0] == 11
    assert part.matches[0].distance == 0


def test_by_examples_towards_and_away(full: tuple[Doors, list[str]]) -> None:
    opened, ids = full
    like = [tpb.Example(image_id=ids[1]), tpb.Example(picture=tpb.Picture(content=picture_bytes(2)))]
    towards = search(opened, examples=tpb.Examples(positives=like), limit=COUNT)
    assert 1 not in seeds_of(towards, ids), "a stored example is no answer"
    assert seeds_of(towards, ids)[0] == 2
    away = [tpb.Example(image_id=ids[9])]
    without = search(opened, examples=tpb.Examples(positives=like, negatives=away), limit=COUNT)
    assert 9 not in seeds_of(without, ids)
    mean = embedding(opened, ids[1]) + embedding(opened, ids[2])
    expected = mean / 2 - 0.5 * embedding(opened, ids[9])
    direct = search(opened, vector=tpb.Vector(float32_le=expected.tobytes()), limit=COUNT)
    assert seeds_of(without, ids) == [seed for seed in seeds_of(direct, ids) if seed not in (1, 9)]


def admitted(full: tuple[Doors, list[str]], **conditions: Any) -> set[int]:
    """Seeds that a filter admits: the same from a search and from a listing."""
    opened, ids = full
    wanted = tpb.Filter(**conditions)
    found = search(opened, vector=tpb.Vector(float32_le=embedding(opened, ids[0]).tobytes()), filter=wanted, limit=100)
    listed = opened.images.ListImages(ipb.ListImagesRequest(collection=NAME, filter=wanted), timeout=10).images
    assert {image.id for image in listed} == {match.image.id for match in found.matches}
    return set(seeds_of(found, ids))


def test_filters(full: tuple[Doors, list[str]]) -> None:
    ids = full[1]
    everything = set(range(COUNT))
    assert admitted(full) == everything
    assert admitted(full, labels={"parity": "odd"}) == {seed for seed in everything if seed % 2}
    assert admitted(full, labels={"parity": "odd", "other": "x"}) == set()
    assert admitted(full, path_prefix="/case/b/") == set(range(30, COUNT))
    assert admitted(full, path_prefix="/CASE") == set()
    assert admitted(full, path_prefix="/case/_") == set(), "letter for letter, no wildcards"
    assert admitted(full, image_ids=ids[:3]) == {0, 1, 2}
    assert admitted(full, not_image_ids=ids[:30]) == set(range(30, COUNT))
    assert admitted(full, labels={"parity": "even"}, path_prefix="/case/b/", image_ids=ids[28:34]) == {30, 32}
    period = tpb.TimeRange()
    period.start.seconds, period.end.seconds = 1_010, 1_013
    assert admitted(full, capture_time=period) == {10, 11, 12}, "a file's time stands in for the camera's"
    assert admitted(full, geo_box=tpb.GeoBox(south=-90, west=-180, north=90, east=180)) == set(), "none has a place"


def test_filters_of_filters(full: tuple[Doors, list[str]]) -> None:
    ids = full[1]
    everything, odd = set(range(COUNT)), {seed for seed in range(COUNT) if seed % 2}
    first, labelled = tpb.Filter(image_ids=ids[:3]), tpb.Filter(labels={"parity": "odd"})
    assert admitted(full, all_of=[first, labelled]) == {1}
    assert admitted(full, any_of=[first, labelled]) == {0, 2} | odd
    assert admitted(full, none_of=[first, labelled]) == everything - odd - {0, 2}
    assert admitted(full, any_of=[tpb.Filter(none_of=[labelled]), first], path_prefix="/case/b/") == {
        seed for seed in range(30, COUNT) if seed % 2 == 0
    }


def test_not_from_the_same_folder(full: tuple[Doors, list[str]]) -> None:
    opened, ids = full
    apart = tpb.Filter(not_same_folder=True)
    expected = set(range(30, COUNT))
    assert set(seeds_of(search(opened, image_id=ids[0], filter=apart, limit=100), ids)) == expected
    lying = tpb.Picture(content=picture_bytes(0), path="/case/a/other.png")
    assert set(seeds_of(search(opened, picture=lying, filter=apart, limit=100), ids)) == expected


def test_not_from_the_same_source(full: tuple[Doors, list[str]]) -> None:
    opened, ids = full
    apart = tpb.Filter(not_same_source=True)
    lying = tpb.Picture(content=picture_bytes(0), path="/case/a/7.png")
    expected = set(range(COUNT)) - {7}
    assert set(seeds_of(search(opened, picture=lying, filter=apart, limit=100), ids)) == expected


def test_a_preference_costs_a_tenth_unless_told_otherwise(full: tuple[Doors, list[str]]) -> None:
    opened, ids = full
    fetched = {
        weight: search(opened, image_id=ids[0], prefer=spb.ScenePreference(scenes=["x"], weight=weight))
        for weight in (None, 0.1)
    }
    assert fetched[None].matches == fetched[0.1].matches
    assert {match.scene_agreement for match in fetched[None].matches} == {0}
    assert not search(opened, image_id=ids[0]).matches[0].HasField("scene_agreement")


def test_max_distance_and_limit(full: tuple[Doors, list[str]]) -> None:
    opened, ids = full
    all_of_them = search(opened, image_id=ids[0], limit=100).matches
    bound = all_of_them[4].distance
    assert len(search(opened, image_id=ids[0], limit=100, max_distance=bound).matches) == 5
    assert len(search(opened, image_id=ids[0], limit=3, max_distance=bound).matches) == 3
    assert len(search(opened, image_id=ids[0], max_distance=0).matches) == 0


def test_more_within_a_distance_than_the_limit_lets_through(full: tuple[Doors, list[str]]) -> None:
    opened, ids = full
    bound = search(opened, image_id=ids[0], limit=100).matches[4].distance
    assert not search(opened, image_id=ids[0], limit=5, max_distance=bound).more_within
    assert search(opened, image_id=ids[0], limit=4, max_distance=bound).more_within
    assert not search(opened, image_id=ids[0], limit=4).more_within


def test_near_duplicates_fold_into_the_best_of_them(full: tuple[Doors, list[str]]) -> None:
    opened, ids = full
    (all_in_one,) = search(opened, image_id=ids[0], limit=5, group_distance=2, include_embeddings=True).matches
    assert all_in_one.rank == 1
    assert len(all_in_one.similar) == COUNT - 2
    assert {each.rank for each in all_in_one.similar} == {0}
    assert all(each.HasField("embedding") and not each.similar for each in all_in_one.similar)
    apart = search(opened, image_id=ids[0], limit=5, group_distance=0).matches
    assert [match.image.id for match in apart] == [
        match.image.id for match in search(opened, image_id=ids[0], limit=5).matches
    ]
    assert not any(match.similar for match in apart)


def test_a_strong_and_an_eventual_search_both_answer(full: tuple[Doors, list[str]]) -> None:
    opened, ids = full
    strong = search(opened, image_id=ids[0], consistency=spb.CONSISTENCY_STRONG)
    eventual = search(opened, image_id=ids[0], consistency=spb.CONSISTENCY_EVENTUAL)
    assert seeds_of(strong, ids) == seeds_of(eventual, ids), "a small collection is compared whole"
    assert strong.exact
    assert not strong.HasField("measured_recall")


def test_examples_of_all_kinds_in_both_lists(full: tuple[Doors, list[str]]) -> None:
    opened, ids = full

    def kinds(first: int) -> list[tpb.Example]:
        ready = tpb.Vector(float32_le=(embedding(opened, ids[first + 2]) * 3).tobytes())
        return [
            tpb.Example(image_id=ids[first]),
            tpb.Example(picture=tpb.Picture(content=picture_bytes(first + 1))),
            tpb.Example(vector=ready),
        ]

    found = search(opened, examples=tpb.Examples(positives=kinds(3), negatives=kinds(20)), limit=COUNT)
    towards, away = (np.mean([embedding(opened, ids[n]) for n in range(k, k + 3)], axis=0) for k in (3, 20))
    direct = search(opened, vector=tpb.Vector(float32_le=(towards - 0.5 * away).astype("<f4").tobytes()), limit=COUNT)
    assert seeds_of(found, ids) == [seed for seed in seeds_of(direct, ids) if seed not in (3, 20)]


def test_the_answer_says_what_it_stands_on(full: tuple[Doors, list[str]]) -> None:
    opened, ids = full
    before = search(opened, picture=tpb.Picture(content=picture_bytes(0)))
    assert before.model_id == opened.search.GetServerInfo(spb.GetServerInfoRequest()).models[0].id
    change = ipb.UpdateImageRequest(image=tpb.Image(collection=NAME, id=ids[0], labels={"parity": "even"}))
    opened.images.UpdateImage(change, timeout=10)
    update = ipb.UpdateImageRequest(image=tpb.Image(collection=NAME, id=ids[0], labels={"parity": "even", "n": "1"}))
    opened.images.UpdateImage(update, timeout=10)
    after = search(opened, picture=tpb.Picture(content=picture_bytes(0)), exact=True)
    assert after.generation > before.generation
    assert after.exact
    parts = after.timings
    assert parts.decode_seconds > 0
    assert parts.index_seconds > 0
    assert parts.total_seconds >= parts.decode_seconds + parts.index_seconds


def test_embed_gives_the_vector_that_an_import_stores(full: tuple[Doors, list[str]]) -> None:
    opened, ids = full
    answer = opened.search.Embed(spb.EmbedRequest(picture=tpb.Picture(content=picture_bytes(4))), timeout=10)
    assert (np.frombuffer(answer.vector.float32_le, "<f4") == embedding(opened, ids[4])).all()
    assert (answer.width, answer.height) == (200, 150)


def test_a_stream_answers_every_search_by_its_tag(full: tuple[Doors, list[str]]) -> None:
    opened, ids = full
    requests = (
        spb.SearchStreamRequest(tag=900 + n, search=spb.SearchRequest(collection=NAME, image_id=ids[n % COUNT]))
        for n in range(100)
    )
    answers = {answer.tag: answer.result for answer in opened.search.SearchStream(requests, timeout=30)}
    assert sorted(answers) == list(range(900, 1_000))
    for tag, result in answers.items():
        assert ids[(tag - 900) % COUNT] not in {match.image.id for match in result.matches}
