"""One server with several models: who serves whom, what they share, and what is said when they do not suffice."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests import plugged
from tests.cli.shell import lookalike
from tests.pictures import picture_bytes
from tests.rpc.conftest import doors

from lookalike import Client
from lookalike.errors import BadRequest, ModelMismatch
from lookalike_server.commands import main
from lookalike_server.config import ConfigError, Settings
from lookalike_server.hosting import Hosted, bounds, divided, host, load_models, rules
from lookalike_server.pipeline.admission import Bounds
from lookalike_server.pipeline.budget import PixelBudget
from lookalike_server.pipeline.waiting import Rules
from lookalike_server.process import running
from lookalike_server.testing import serve

BOTH = "tiny,tiny:32"


def test_the_info_lists_all_models_and_new_collections_get_the_first() -> None:
    with serve(model=BOTH) as target, Client(target) as looks:
        info = looks.server_info()
        assert [(model.name, model.id, model.dim) for model in info.models] == [
            ("tiny", "tiny-1", 64),
            ("tiny:32", "tiny-32-1", 32),
        ]
        assert info.versions["engine"].count("numpy") == 1
        assert looks.create_collection("first").model_id == "tiny-1"


@pytest.mark.parametrize("model", ["tiny:32", "tiny-32-1"])
def test_a_model_is_chosen_by_name_or_id(model: str) -> None:
    with serve(model=BOTH) as target, Client(target) as looks:
        made = looks.create_collection("second", model=model)
        assert (made.model_id, made.dim) == ("tiny-32-1", 32)
        embedding = looks.embed(picture_bytes(1), model=model)
        assert (embedding.model_id, len(embedding.vector)) == ("tiny-32-1", 32)


def test_a_model_that_is_not_served_is_refused_with_those_that_are() -> None:
    with serve(model=BOTH) as target, Client(target) as looks:
        with pytest.raises(BadRequest, match="tiny-1, tiny-32-1"):
            looks.embed(picture_bytes(1), model="huge")
        with pytest.raises(BadRequest, match="tiny-1, tiny-32-1"):
            looks.create_collection("none", model="huge")
        assert list(looks.collections()) == []


def test_each_collection_is_filled_and_searched_by_its_own_model() -> None:
    with serve(model=BOTH) as target, Client(target) as looks:
        for name, model in (("a", "tiny"), ("b", "tiny:32")):
            looks.create_collection(name, model=model)
            list(looks.import_images([picture_bytes(seed) for seed in range(5)], collection=name))
            result = looks.search(picture_bytes(3), collection=name, include_embeddings=True)
            assert result.model_id == looks.collection(name).model_id
            assert result[0].distance == 0
            stored = result[0].embedding
            np.testing.assert_array_equal(stored, looks.embed(picture_bytes(3), model=model).vector)


def test_all_collections_are_there_after_a_start_and_one_of_an_absent_model_says_what_to_do(tmp_path: Path) -> None:
    with serve(model=BOTH, data=tmp_path) as target, Client(target) as looks:
        for name, model in (("a", "tiny"), ("b", "tiny:32")):
            looks.create_collection(name, model=model)
            list(looks.import_images([picture_bytes(1)], collection=name))
    with serve(model=BOTH, data=tmp_path) as target, Client(target) as looks:
        assert [looks.search(picture_bytes(1), collection=name)[0].distance for name in "ab"] == [0, 0]
    with serve(model="tiny", data=tmp_path) as target, Client(target) as looks:
        assert looks.search(picture_bytes(1), collection="a")[0].distance == 0
        with pytest.raises(ModelMismatch, match=r"tiny-32-1.*serve that model too.*lookalike reembed"):
            looks.search(picture_bytes(1), collection="b")


def test_the_same_model_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match="named twice"):
        load_models(Settings(model=("tiny", "tiny:32", "tiny")))


def test_models_of_one_name_are_told_apart_by_their_ids_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugged.install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    with serve(model="gated,gated:32") as target, Client(target) as looks:
        with pytest.raises(BadRequest, match=r"several.*gated-tiny-1, gated-tiny-32-1"):
            looks.embed(picture_bytes(1), model="gated")
        assert len(looks.embed(picture_bytes(1), model="gated-tiny-32-1").vector) == 32


def hosted_with(**settings: int) -> list[Hosted]:
    made = Settings(model=("tiny", "tiny:32"), **settings)  # type: ignore[arg-type]  # numbers only
    return host(load_models(made), made, lambda: None)


def test_what_may_wait_is_divided_and_what_is_decoded_at_once_is_shared() -> None:
    settings = Settings(max_waiting_images=10, max_waiting_bytes=100)
    assert divided(settings, 1) == settings
    assert (divided(settings, 2).max_waiting_images, divided(settings, 2).max_waiting_bytes) == (5, 50)
    assert divided(settings, 1000).max_waiting_images == 1
    one, other = hosted_with(max_waiting_images=10)
    assert [each.embedder.admission.bounds.max_images for each in (one, other)] == [5, 5]
    assert isinstance(one.decoder.pixels, PixelBudget)
    assert one.decoder.pixels is other.decoder.pixels
    one.close()
    other.close()


def test_the_settings_become_the_rules() -> None:
    made = Settings(max_batch=4, max_wait_seconds=3.0, threads=2, max_waiting_bytes=1000, max_waiting_images=100)
    assert rules(made) == Rules(max_batch=4, lanes=True, max_wait=3.0, step=2)
    assert not rules(replace(made, order="arrival")).lanes
    assert bounds(made, 1) == Bounds(max_batch=4, max_images=100, max_wait=3.0)
    assert bounds(made, 50).max_images == 20, "no more than there is memory for when decoded"
    assert bounds(made, 5000).max_images == 1


def test_the_metrics_count_each_model_by_itself() -> None:
    with doors(model=BOTH) as opened, Client(opened.target) as looks:
        for model in ("tiny", "tiny:32"):
            looks.embed(picture_bytes(1), model=model)
        metrics = opened.metrics()
        assert metrics.count("# TYPE lookalike_waiting_images") == 1
        for served in looks.server_info().models:
            assert f'lookalike_batch_rows_count{{lanes="interactive",model="{served.id}"}} 1.0' in metrics
            assert f'lookalike_embedded_total{{lane="interactive",model="{served.id}"}} 1.0' in metrics
            assert f'lookalike_waiting_images{{lane="bulk",model="{served.id}"}} 0.0' in metrics


def test_a_process_takes_the_flag_repeatedly_and_verify_looks_at_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, flags = tmp_path / "data", ("--model", "tiny", "--model", "tiny:32")
    with running(data, *flags) as server, Client(server.target) as looks:
        looks.create_collection("b", model="tiny:32")
        list(looks.import_images([picture_bytes(1)], collection="b"))
    assert main(["verify", "--data", str(data), *flags]) == 0
    assert json.loads(capsys.readouterr().out)["unchecked_graphs"] == []
    assert main(["verify", "--data", str(data), "--model", "tiny"]) == 0
    assert json.loads(capsys.readouterr().out)["unchecked_graphs"] == ["b"]


def test_the_doctor_looks_at_every_model() -> None:
    done = lookalike("doctor", "--model", "tiny", "--model", "tiny:no", "--json")
    assert done.returncode == 1
    checks = json.loads(done.stdout)["server_part"]["checks"]
    assert [name for name, check in checks.items() if check["ok"]] == [
        f"{name} of tiny" for name in ("model", "decoder", "engines")
    ]
    assert "no" in checks["model of tiny:no"]["error"]
