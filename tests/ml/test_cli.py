"""The command line: the whole loop from a shell, and one line for input that cannot be used."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ml.cli import main
from tests.ml.learning_samples import CLASSIFICATION, make_manifest

SETTINGS = ["architecture=small_cnn", "size=32", "steps=16", "epochs=2", "bootstrap=10", "threads=1"]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    return make_manifest(folder, task=CLASSIFICATION, splits={"train": 12, "test": 6, "pool": 9})


def _run(capsys, *arguments: object) -> dict:
    assert main([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_train_score_select_predict_and_evaluate_follow_one_another(manifest, capsys):
    folder = manifest.parent
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    trained = _run(capsys, "train", manifest, "--out", folder / "run", "--preset", "quick", *settings)
    assert trained["state"] == "finished"
    scored = _run(capsys, "score", manifest, "--run", folder / "run", "--out", folder / "scores")
    assert scored["scored"] == 9
    chosen = _run(
        capsys, "select", manifest, "--scores", scored["path"], "--out", folder / "choice", "-n", 4,
        "--strategy", "entropy",
    )  # fmt: skip
    assert chosen["selected"] == 4
    rows = json.loads(Path(chosen["path"]).read_text())["items"]
    assert len({row["id"] for row in rows}) == 4
    assert all(row["reason"] for row in rows)
    predicted = _run(capsys, "predict", manifest, "--run", folder / "run", "--out", folder / "predictions")
    assert len(Path(predicted["path"]).read_text().splitlines()) == 9
    measured = _run(capsys, "evaluate", manifest, "--run", folder / "run", "--out", folder / "metrics")
    assert measured["headline"]["value"] == pytest.approx(trained["headline"]["value"])


def test_bad_input_is_one_line_and_status_two(tmp_path):
    command = [sys.executable, "-m", "ml.cli", "train", str(tmp_path / "none.json"), "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 2
    assert "There is no manifest file" in done.stderr
    assert "Traceback" not in done.stderr
