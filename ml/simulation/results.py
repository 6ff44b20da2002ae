"""What a simulation found: curves, AUBC, labels to reach a share of the full score, pairwise penalties."""

from typing import Any

import numpy as np

from ml.data.manifest import Manifest
from ml.metrics.bootstrap import bootstrap_mean
from ml.metrics.budget import aubc, label_ratio, penalty_matrix
from ml.simulation.protocol import Protocol
from ml.training.report import headline_name

Json = dict[str, Any]
TAUS = (0.90, 0.95, 0.97)
REFERENCE = "random"


def summarise(
    protocol: Protocol,
    manifest: Manifest,
    rounds: dict[str, list[list[Json]]],
    full: list[float],
    *,
    title: str = "",
) -> Json:
    """The simulation's JSON from its rounds per strategy and seed, and the scores with all labels.

    LER compares with ``random``; AUROC is rescaled from 0.5 (chance). Intervals are over seeds.
    """
    task = manifest.task
    budgets = np.array(protocol.budgets)
    curves = {
        name: np.array([[entry["value"] for entry in replay] for replay in replays])
        for name, replays in rounds.items()
    }
    areas = {name: aubc(budgets, curve) for name, curve in curves.items()}
    chance = 0.5 if task.questions and not task.classes else 0.0
    full_score = float(np.mean(full)) if full else None
    several = protocol.seeds > 1
    names, penalties = penalty_matrix(curves) if several and len(curves) > 1 else ([], np.zeros((0, 0)))
    return {
        "format": "fovea-simulation-1",
        "title": title,
        "metric": headline_name(task),
        "manifest_sha256": manifest.hash(),
        "items": {
            "pool": len(manifest.split("train", labelled=True)),
            "test": len(manifest.split("test", labelled=True)),
        },
        "patient_ids_known": all(item.patient for item in manifest.items),
        "protocol": protocol.to_json(),
        "budgets": budgets.tolist(),
        "full": {"mean": full_score, "seeds": full},
        "strategies": {
            name: {
                "curves": curves[name].tolist(),
                "mean": curves[name].mean(0).tolist(),
                "aubc": _area(areas[name], areas.get(REFERENCE)),
                "labels_saved": _ratios(budgets, curves, name, full_score, chance),
                "select_seconds": _mean_seconds(rounds[name], "select_seconds"),
                "train_seconds": _mean_seconds(rounds[name], "train_seconds"),
            }
            for name in curves
        },
        "penalties": {"names": names, "matrix": penalties.tolist()},
    }


def _area(area: np.ndarray, reference: np.ndarray | None) -> Json:
    found: Json = {"mean": float(area.mean()), "seeds": area.tolist()}
    if reference is not None:
        gain = area - reference
        interval = bootstrap_mean(gain, list(range(len(gain))), rng=np.random.default_rng(0), resamples=2000)
        found |= {"gain": interval.estimate, "low": interval.low, "high": interval.high}
    return found


def _ratios(
    budgets: np.ndarray, curves: dict[str, np.ndarray], name: str, full: float | None, chance: float
) -> dict[str, Json]:
    if full is None or REFERENCE not in curves or name == REFERENCE:
        return {}
    found = {}
    for tau in TAUS:
        ratio = label_ratio(
            budgets,
            curves[name],
            curves[REFERENCE],
            full=full,
            tau=tau,
            rng=np.random.default_rng(0),
            chance=chance,
        )
        numbers = {"ratio": ratio.ratio, "low": ratio.low, "high": ratio.high}
        finite = {key: float(value) if np.isfinite(value) else None for key, value in numbers.items()}
        found[f"{tau:.2f}"] = finite | {"bound": ratio.bound}
    return found


def _mean_seconds(replays: list[list[Json]], name: str) -> float:
    return float(np.mean([entry[name] for replay in replays for entry in replay[1:]]))
