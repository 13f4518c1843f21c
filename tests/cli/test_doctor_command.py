import json
from pathlib import Path

from tests.cli.shell import lookalike
from tests.models.networks import write_classifier, write_model

from lookalike.cli import install

NOBODY = "127.0.0.1:1"


def test_the_report_covers_client_server_part_and_server(target: str) -> None:
    done = lookalike("doctor", "--model", "tiny", "--server", target, "--json")
    assert done.returncode == 0, done.stdout
    report = json.loads(done.stdout)
    assert report["ok"]
    assert report["client"]["grpcio"]
    assert report["server_part"]["checks"]["model"]["ok"]
    assert report["server"]["answers"]
    assert report["server"]["models"][0]["name"] == "tiny"


def test_the_table_marks_what_is_well(target: str) -> None:
    done = lookalike("doctor", "--model", "tiny", "--server", target)
    assert done.returncode == 0
    marks = {line[:2] for line in done.stdout.splitlines() if line.strip()}
    assert marks == {"ok"}
    assert f"server {target}" in done.stdout


def test_a_model_that_is_not_there_is_a_failure(target: str) -> None:
    done = lookalike("doctor", "--model", "no-such-model", "--server", target)
    assert done.returncode == 1
    failed = [line for line in done.stdout.splitlines() if line.startswith("!!")]
    assert any("no-such-model" in line for line in failed)


def test_a_model_and_a_classifier_of_the_users_are_tried(target: str, tmp_path: Path) -> None:
    model, classifier = write_model(tmp_path), write_classifier(tmp_path)
    options = ("--model", f"file:{model}", "--scenes", classifier, "--server", target)
    assert "scenes by places-" in lookalike("doctor", *options).stdout
    (tmp_path / "labels.txt").write_text("one alone")
    failed = lookalike("doctor", *options)
    assert failed.returncode == 1
    assert "give the labels that it was trained with" in failed.stdout


def test_a_named_server_that_does_not_answer_is_a_failure() -> None:
    done = lookalike("doctor", "--model", "tiny", "--server", NOBODY, "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["server"] == {"address": NOBODY, "answers": False, "error": report["server"]["error"]}
    assert report["server_part"]["ok"]


def test_without_the_server_part_it_says_what_to_install_and_reports_the_rest(target: str, tmp_path: Path) -> None:
    for package in ("grpc_health", "onnxruntime"):
        (tmp_path / f"{package}.py").write_text(f"raise ModuleNotFoundError('hidden', name={package!r})")
    done = lookalike("doctor", "--server", target, extra={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 0
    assert install("server,cli") in done.stdout
    assert f"server {target}" in done.stdout
