"""Three rounds on real images with an oracle in the annotator's place: the held-out metric rises."""

import dataclasses
import sys
from pathlib import Path

import pytest

from ml.simulation.packs import load_pack, subset
from ml.simulation.protocol import PROTOCOLS, Protocol
from ml.simulation.replay import simulate

CASES = {
    "C1": ({"train": 600, "test": 300}, (8, 40, 200), {"steps": 120}),
    "S1": ({"train": 400, "test": 200}, (6, 24, 96), {"steps": 100, "size": 48}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CASES))
def test_held_out_metric_rises_over_three_rounds(name, test_data: Path, tmp_path, capsys):
    counts, budgets, changes = CASES[name]
    manifest = subset(load_pack(name, test_data, tmp_path / "masks"), **counts)
    recipe = dataclasses.replace(PROTOCOLS[name].recipe, threads=1, **changes)
    protocol = Protocol(recipe, budgets, ("clasp",), seeds=1, full_seeds=0, passes="plain")
    result = simulate(manifest, tmp_path / "out", protocol)
    curve = result["strategies"]["clasp"]["curves"][0]
    with capsys.disabled():
        sys.stdout.write(
            f"\n{name}: {result['metric']} {[round(value, 3) for value in curve]} at {budgets} labels\n"
        )
    assert curve[-1] > curve[0] + 0.02
