"""Simulation: the oracle's labels only, paired first rounds, resuming to the same figures, a self-contained report."""

import dataclasses
import json
from pathlib import Path

import pytest

from ml.data.manifest import Manifest, read_manifest
from ml.simulation.protocol import CLASS_BALANCED, FOREGROUND_TRUTH, Protocol, budgets_between
from ml.simulation.replay import simulate
from ml.training.config import TrainConfig
from tests.ml.learning_samples import CLASSIFICATION, SEGMENTATION, make_manifest

RECIPE = TrainConfig(
    architecture="small_cnn",
    size=28,
    channels=1,
    batch_size=8,
    steps=15,
    epochs=1,
    threads=1,
    learning_rate=3e-3,
)
PROTOCOL = Protocol(RECIPE, (4, 8, 12), ("random", CLASS_BALANCED, "clasp"), seeds=2, full_seeds=1)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    folder = tmp_path_factory.mktemp("simulation")
    return read_manifest(make_manifest(folder, task=CLASSIFICATION, splits={"train": 24, "test": 10}))


@pytest.fixture(scope="module")
def finished(manifest, tmp_path_factory) -> tuple[Path, dict]:
    out = tmp_path_factory.mktemp("out")
    return out, simulate(manifest, out, PROTOCOL, title="discs <1>")


def _chosen(out: Path, strategy: str) -> list[list[str]]:
    return [entry["chosen"] for entry in json.loads((out / "rounds" / f"{strategy}-0.json").read_text())]


def test_every_strategy_has_a_curve_per_seed_and_starts_from_the_same_labels(finished, manifest):
    out, _ = finished
    train = {item.id for item in manifest.split("train")}
    for seed in range(2):
        starts = set()
        for name in PROTOCOL.strategies:
            rounds = json.loads((out / "rounds" / f"{name}-{seed}.json").read_text())
            assert [entry["labels"] for entry in rounds] == [4, 8, 12]
            chosen = [item for entry in rounds for item in entry["chosen"]]
            assert len(set(chosen)) == 12
            assert set(chosen) <= train
            starts.add((tuple(rounds[0]["chosen"]), rounds[0]["value"]))
        assert len(starts) == 1
    assert _chosen(out, "clasp") != _chosen(out, "random")


def test_figures_follow_from_the_curves(finished):
    _, result = finished
    entry = result["strategies"]["clasp"]
    first = entry["curves"][0]
    assert entry["aubc"]["seeds"][0] == pytest.approx((first[0] + 2 * first[1] + first[2]) / 4)
    assert set(entry["labels_saved"]) == {"0.90", "0.95", "0.97"}
    assert result["penalties"]["names"] == list(PROTOCOL.strategies)
    assert result["items"] == {"pool": 24, "test": 10}


def test_the_class_balanced_oracle_draws_even_classes(finished):
    out, _ = finished
    rounds = json.loads((out / "rounds" / f"{CLASS_BALANCED}-0.json").read_text())
    odd = [int(name.removeprefix("train")) % 2 for name in rounds[1]["chosen"]]
    assert sum(odd) == 2


def test_an_interrupted_replay_goes_on_to_the_same_figures(finished, manifest, tmp_path):
    out, result = finished
    (tmp_path / "rounds").mkdir()
    for path in (out / "rounds").glob("*-0.json"):
        rounds = json.loads(path.read_text())
        kept = rounds[:2] if isinstance(rounds, list) else rounds
        (tmp_path / "rounds" / path.name).write_text(json.dumps(kept))
    again = simulate(manifest, tmp_path, PROTOCOL, title="discs <1>")
    for name in PROTOCOL.strategies:
        assert again["strategies"][name]["curves"] == result["strategies"][name]["curves"]
        assert _chosen(tmp_path, name) == _chosen(out, name)
    assert again["full"] == result["full"]


def test_the_report_stands_alone_and_escapes_names(finished):
    page = (finished[0] / "simulation.html").read_text()
    assert "discs &lt;1&gt;" in page
    assert "<svg" in page
    assert "http" not in page
    assert "no patient ids" not in page


def test_another_protocol_in_the_same_folder_is_refused(finished, manifest):
    with pytest.raises(ValueError, match="another protocol"):
        simulate(manifest, finished[0], dataclasses.replace(PROTOCOL, budgets=(4, 8)))
    with pytest.raises(ValueError, match="last budget"):
        simulate(manifest, finished[0], dataclasses.replace(PROTOCOL, budgets=(4, 80)))
    with pytest.raises(ValueError, match="no strategy"):
        dataclasses.replace(PROTOCOL, strategies=("guess",))


def test_masks_are_replayed_too(tmp_path):
    path = make_manifest(tmp_path / "data", task=SEGMENTATION, splits={"train": 12, "test": 4})
    recipe = dataclasses.replace(RECIPE, architecture="small_unet", size=32)
    protocol = Protocol(recipe, (3, 6), ("foreground_random", FOREGROUND_TRUTH), seeds=1, full_seeds=1)
    result = simulate(read_manifest(path), tmp_path / "out", protocol)
    assert result["metric"] == "Dice"
    assert len(result["strategies"]["foreground_random"]["curves"][0]) == 2


def test_budgets_are_evenly_spaced_in_their_logarithm():
    assert budgets_between(20, 360, 7)[0] == 20
    assert budgets_between(20, 360, 7)[-1] == 360
    ratios = [
        b / a for a, b in zip(budgets_between(10, 160, 5), budgets_between(10, 160, 5)[1:], strict=False)
    ]
    assert ratios == pytest.approx([2, 2, 2, 2])
