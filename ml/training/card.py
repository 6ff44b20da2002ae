"""The model card: what the model is, what it was made from and how good it was, for people."""

from pathlib import Path
from typing import Any

from ml.models.files import ModelCard
from ml.models.registry import architecture
from ml.training.config import TrainConfig

CARD_FILE = "model_card.md"


def write_model_card(run_dir: Path, card: ModelCard, config: TrainConfig, metrics: dict[str, Any]) -> Path:
    """Write ``model_card.md``; it names no patient and no file."""
    blocks = [
        f"# {architecture(card.network.architecture).title} for {_asks(card)}",
        "For research and for pre-filling annotations that a person checks. Not a medical device.",
        "## Quality\n\n" + _quality(metrics),
        "## Data\n\n" + _data(metrics),
        "## Recipe\n\n" + "\n".join(f"- {reason}" for reason in _recipe(card, config, metrics)),
        "## Identity\n\n"
        f"- weights SHA-256: `{card.weights_sha256}`\n- manifest SHA-256: `{metrics['manifest_sha256']}`\n"
        f"- seed: {config.seed}",
    ]
    path = run_dir / CARD_FILE
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return path


def _asks(card: ModelCard) -> str:
    parts = [question.text or question.key for question in card.task.questions]
    parts += [mask_class.name for mask_class in card.task.classes]
    return ", ".join(parts)


def _quality(metrics: dict[str, Any]) -> str:
    headline = metrics["headline"]
    if headline["value"] is None:
        return "Not known: the held-out split has too few labels."
    lines = [
        f"{headline['name']} {_number(headline)} on {metrics['items']} items of the {metrics['split']} split "
        f"(95 % interval by bootstrap over {metrics['patients']} patients)."
    ]
    if not metrics["patient_ids_known"]:
        lines.append("Not every item has a patient id; items without one count as patients of their own.")
    rows = ["| part | metric | value |", "| --- | --- | --- |"]
    for key, question in metrics["questions"].items():
        names = ("auroc", "auprc", "accuracy", "sensitivity", "specificity", "f1")
        rows += [f"| {key} | {name} | {_number(question[name])} |" for name in names if name in question]
        if "ece" in question:
            rows.append(f"| {key} | ece | {_plain(question['ece'])} |")
    for name, values in metrics.get("masks", {}).get("classes", {}).items():
        rows += [f"| {name} | {metric} | {_number(value)} |" for metric, value in values.items()]
    return "\n".join([*lines, "", *rows])


def _data(metrics: dict[str, Any]) -> str:
    return f"Trained on {metrics['train_items']} labelled items; evaluated on {metrics['items']}."


def _recipe(card: ModelCard, config: TrainConfig, metrics: dict[str, Any]) -> list[str]:
    weights = metrics["weights"]
    origin = weights["reason"] + (f" Licence: {weights['licence']}." if weights["licence"] else "")
    rows, columns = card.preprocess.size
    return [
        origin,
        *config.reasons,
        f"Canvas {rows} × {columns}, {card.preprocess.channels} channel(s), clipped to percentiles "
        f"{card.preprocess.clip}, z-scored per image.",
        f"{metrics['steps']} steps of {config.batch_size} with AdamW at {config.learning_rate:g}, cosine to zero, "
        f"averaged weights." + (" Stopped early." if metrics["stopped_early"] else ""),
    ]


def _number(value: dict[str, Any]) -> str:
    if value["low"] is None:
        return _plain(value["value"])
    return f"{_plain(value['value'])} ({_plain(value['low'])} – {_plain(value['high'])})"


def _plain(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"
