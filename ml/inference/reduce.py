"""From logits to what selection ranks by, on the device: entropy H, class-wise p_c · H, BALD, foreground, confidence.

Entropies are in nats and divided by log(classes), so 1 is complete doubt whatever the number of classes. Passes are
averaged as probabilities. BALD is the mutual information H(mean) − mean(H) (Houlsby et al. 2011, arXiv:1112.5745).
"""

import math

import torch

from ml.data.preprocess import Placement
from ml.data.task import Question, Task
from ml.models.network import Output, answer_probabilities

Reduced = dict[str, torch.Tensor]


def reduce_output(
    task: Task, output: Output, placements: tuple[Placement, ...], temperatures: dict[str, float]
) -> Reduced:
    """Per frame: entropy, bald, confidence and foreground [B], class_entropy [B, C], embeddings [B, D], and — when
    the task is exactly one single or ordinal question — probabilities [B, P, options].

    Several parts (questions, masks) are averaged; their classes follow one another in ``class_entropy``: the options
    of each question, then the mask classes from background.
    """
    parts = [
        _reduce_question(question, output.answers[question.key], temperatures.get(question.key, 1.0))
        for question in task.questions
    ]
    batch = output.embedding.shape[0]
    foreground = torch.zeros(batch, device=output.embedding.device)
    if output.masks is not None:
        valid = valid_area(placements, output.masks.shape[-2:], output.masks.device)
        masks = reduce_masks(output.masks, valid, temperatures.get("masks", 1.0))
        foreground = masks.pop("foreground")
        parts.append(masks)
    reduced = {
        name: torch.stack([part[name] for part in parts]).mean(0)
        for name in ("entropy", "bald", "confidence")
    }
    reduced["class_entropy"] = torch.cat([part["class_entropy"] for part in parts], dim=1)
    reduced["embeddings"], reduced["foreground"] = output.embedding, foreground
    if len(parts) == 1 and "probabilities" in parts[0]:
        reduced["probabilities"] = parts[0]["probabilities"]
    return reduced


def _reduce_question(question: Question, logits: torch.Tensor, temperature: float) -> Reduced:
    """Reduce logits [P, B, k] of one question; the options of ``multiple`` are independent yes-or-no questions."""
    probabilities = answer_probabilities(question, logits, temperature)
    if question.type == "multiple":
        pairs = torch.stack([1 - probabilities, probabilities], dim=-1)
        mean = pairs.mean(0)
        doubt = entropy(mean)
        return {
            "entropy": doubt.mean(-1),
            "bald": (doubt - entropy(pairs).mean(0)).mean(-1),
            "confidence": mean.amax(-1).mean(-1),
            "class_entropy": mean[..., 1] * doubt,
        }
    mean = probabilities.mean(0)
    doubt = entropy(mean)
    return {
        "entropy": doubt,
        "bald": doubt - entropy(probabilities).mean(0),
        "confidence": mean.amax(-1),
        "class_entropy": mean * doubt[:, None],
        "probabilities": probabilities.transpose(0, 1),
    }


def reduce_masks(logits: torch.Tensor, valid: torch.Tensor, temperature: float) -> Reduced:
    """Reduce mask logits [P, B, C, H, W] over the pixels that ``valid`` [B, H, W] marks.

    Confidence is the mean highest probability over the predicted foreground (over everything where there is none).
    """
    probabilities = torch.softmax(logits / temperature, dim=2)
    mean = probabilities.mean(0)
    doubt = entropy(mean, dim=1)
    each = entropy(probabilities, dim=2).mean(0) if len(probabilities) > 1 else doubt
    weight = valid.float()
    area = weight.sum((1, 2))
    best, label = mean.max(1)
    front = weight * (label > 0)
    size = front.sum((1, 2))
    sure_front = (best * front).sum((1, 2)) / size.clamp_min(1)
    sure_all = (best * weight).sum((1, 2)) / area
    return {
        "entropy": (doubt * weight).sum((1, 2)) / area,
        "bald": ((doubt - each) * weight).sum((1, 2)) / area,
        "class_entropy": (mean * (doubt * weight)[:, None]).sum((2, 3)) / area[:, None],
        "foreground": size / area,
        "confidence": torch.where(size > 0, sure_front, sure_all),
    }


def entropy(probabilities: torch.Tensor, dim: int = -1) -> torch.Tensor:
    """Shannon entropy along ``dim``, divided by its maximum."""
    count = max(2, probabilities.shape[dim])
    return torch.special.entr(probabilities).sum(dim) / math.log(count)


def valid_area(
    placements: tuple[Placement, ...], size: torch.Size | tuple[int, int], device: torch.device
) -> torch.Tensor:
    """Which canvas pixels hold image, bool [B, H, W]."""
    edges = torch.tensor([[p.top, p.top + p.height, p.left, p.left + p.width] for p in placements]).to(device)
    top, bottom, left, right = (edges[:, i, None] for i in range(4))
    rows = torch.arange(size[0], device=device)
    columns = torch.arange(size[1], device=device)
    inside_rows = (rows >= top) & (rows < bottom)
    inside_columns = (columns >= left) & (columns < right)
    return inside_rows[:, :, None] & inside_columns[:, None, :]
