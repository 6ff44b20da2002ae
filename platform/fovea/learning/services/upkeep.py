"""What the queue starts by itself, so that its front is always ranked and pre-filled."""

from __future__ import annotations

from fovea.datasets.models import Project
from fovea.learning.models import ModelState, QueueEntry, QueueState, TrainedModel
from fovea.learning.services.prefill import DEPTH, unfilled
from fovea.learning.services.ranking import CHOSEN
from fovea.learning.services.scoring import rank_queue, score_start

LOW = DEPTH // 2


def score_new(project_id: int) -> None:
    """New items came: let the model in production, if any, look at them."""
    score_start(actor=None, project=Project.objects.get(pk=project_id), fresh=True)


def front_keep(project_id: int) -> None:
    """Items were labelled: rank again and draw more proposals when half of the prepared front is used up.

    Nothing happens without a model in production. A few reads by index, so it may run after every submission.
    """
    model = TrainedModel.objects.filter(project_id=project_id, state=ModelState.PRODUCTION).first()
    if model is None:
        return
    waiting = QueueEntry.objects.filter(project_id=project_id, state=QueueState.WAITING)
    ranks = list(waiting.order_by("rank", "item_id").values_list("rank", flat=True)[:LOW])
    chosen_used_up = len(ranks) == LOW and ranks[-1] > CHOSEN
    if ranks and (chosen_used_up or unfilled(model, LOW)):
        rank_queue(actor=None, project=Project.objects.get(pk=project_id))
