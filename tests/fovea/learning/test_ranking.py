from __future__ import annotations

import numpy as np
import pytest

from fovea.learning.folders import SCORES, folder_path
from fovea.learning.models import UNRANKED, LearningSettings, QueueEntry, Run, Score, TrainedModel
from fovea.learning.services.ranking import BY_SCORE, CHOSEN, rank_plan, ranks_write
from fovea.learning.services.score_rows import scores_write
from fovea.learning.services.upkeep import front_keep


def write_scores(made, entropy, chunk=0, ids=None):
    """A model whose folder holds these scores of the project's items, in their order."""
    project = made.project
    run = Run.objects.create(
        project=project, number=Run.objects.count() + 1, state="succeeded", config={"schema": 1}
    )
    model = TrainedModel.objects.create(
        project=project, run=run, number=run.number, architecture="small_cnn", folder=f"rank/{run.pk}",
        headline="AUROC", state="production",
    )  # fmt: skip
    entropy = np.asarray(entropy, dtype=np.float32)
    folder = folder_path(model.folder) / SCORES / str(chunk)
    folder.mkdir(parents=True)
    rows = {
        "ids": np.array([str(item) for item in (ids or made.ids)[: len(entropy)]]),
        "entropy": entropy,
        "class_entropy": np.stack([entropy * 0.4, entropy * 0.6], axis=1),
        "confidence": 1 - entropy,
        "foreground": np.zeros_like(entropy),
    }
    np.savez(folder / "scores.npz", **rows)
    return model, rows


def order(project):
    return list(
        QueueEntry.objects.filter(project=project, state="waiting")
        .order_by("rank")
        .values_list("item_id", flat=True)
    )


def rank(made, model, **settings):
    LearningSettings.objects.update_or_create(project=made.project, defaults=settings)
    plan = rank_plan(made.project, model)
    ranks_write(made.project.pk, plan.strategy, plan.rows)
    return plan


def test_the_most_uncertain_comes_first_and_says_why(image_project):
    made = image_project(images=6, labelled=0)
    model, _ = write_scores(made, [0.1, 0.9, 0.3, 0.7, 0.5, 0.2])
    rank(made, model, strategy="entropy", random_share=0.0)

    assert order(made.project) == [made.ids[n] for n in (1, 3, 4, 2, 5, 0)]
    first = QueueEntry.objects.get(item_id=made.ids[1])
    assert (first.rank, first.strategy) == (1, "entropy")
    assert first.reason == "The model hesitates between Yes and No"
    assert not first.is_random


def test_a_share_is_random_and_marked(image_project):
    made = image_project(images=20, labelled=0)
    model, _ = write_scores(made, np.linspace(0.1, 0.9, 20))
    rank(made, model, strategy="entropy", random_share=0.5)
    drawn = QueueEntry.objects.filter(project=made.project, is_random=True)
    assert drawn.count() == 10
    assert set(drawn.values_list("reason", flat=True)) == {"Random share, for an honest estimate"}


def test_submitted_items_keep_out_and_unscored_ones_come_behind(image_project):
    made = image_project(images=6, labelled=2)
    model, _ = write_scores(made, [0.1, 0.9, 0.3, 0.7])
    rank(made, model, strategy="entropy", random_share=0.0)

    assert order(made.project)[:2] == [made.ids[3], made.ids[2]]
    assert set(order(made.project)[2:]) == set(made.ids[4:])
    assert QueueEntry.objects.filter(item_id__in=made.ids[4:], rank__gte=UNRANKED).count() == 2


def test_what_a_new_ranking_leaves_out_goes_behind(image_project):
    made = image_project(images=4, labelled=0)
    ranks_write(made.project.pk, "entropy", [(item, 0.5, "Because", False) for item in made.ids])
    ranks_write(made.project.pk, "margin", [(made.ids[3], 0.9, "Tab\tand \\ line\nbreak", True)])

    assert order(made.project)[0] == made.ids[3]
    first = QueueEntry.objects.get(item_id=made.ids[3])
    assert (first.rank, first.score, first.reason, first.is_random) == (
        1,
        0.9,
        "Tab\tand \\ line\nbreak",
        True,
    )
    assert QueueEntry.objects.filter(project=made.project, rank=UNRANKED, score=None).count() == 3


def test_without_a_model_the_fallback_says_so(image_project):
    made = image_project(images=4, labelled=0)
    plan = rank(made, None, strategy="clasp")
    assert "nothing is known yet" in plan.note
    assert len(plan.rows) == 4


def test_beyond_the_chosen_the_score_decides(make_project, image_project):
    made = image_project(images=1, labelled=0)
    project = make_project(CHOSEN + 20)
    entries = QueueEntry.objects.filter(project=project).order_by("item_id")
    made.project, made.ids = project, list(entries.values_list("item_id", flat=True))
    model, _ = write_scores(made, np.random.default_rng(1).random(CHOSEN + 20))
    rank(made, model, strategy="entropy", random_share=0.0)
    behind = QueueEntry.objects.filter(project=project, rank__gt=CHOSEN).order_by("rank")

    assert set(behind.values_list("reason", flat=True)) == {BY_SCORE}
    scores = list(behind.values_list("score", flat=True))
    assert scores == sorted(scores, reverse=True)


def test_scores_of_chunks_are_one_pool(image_project):
    made = image_project(images=4, labelled=0)
    model, rows = write_scores(made, [0.1, 0.2])
    folder = folder_path(model.folder) / SCORES / "1"
    folder.mkdir()
    np.savez(
        folder / "scores.npz",
        **(rows | {"ids": np.array([str(i) for i in made.ids[2:]]), "entropy": rows["entropy"] + 0.5}),
    )
    rank(made, model, strategy="entropy", random_share=0.0)
    assert order(made.project) == [made.ids[n] for n in (3, 2, 1, 0)]


def test_scores_are_written_in_bulk_and_again_without_doubling(image_project):
    made = image_project(images=4, labelled=0)
    model, rows = write_scores(made, [0.1, 0.2, 0.3, 0.4])
    made.items[0].delete()
    assert scores_write(model.pk, rows) == 3
    assert scores_write(model.pk, rows | {"entropy": rows["entropy"] * 2}) == 3
    found = dict(Score.objects.filter(model=model).values_list("item_id", "uncertainty"))
    assert found == {made.ids[n]: pytest.approx(0.2 * (n + 1), abs=1e-6) for n in (1, 2, 3)}


def test_a_used_up_front_asks_for_a_new_ranking(image_project):
    from fovea.jobs.models import Job

    made = image_project(images=4, labelled=0)
    front_keep(made.project.pk)
    assert not Job.objects.exists()
    write_scores(made, [0.1, 0.2, 0.3, 0.4])
    front_keep(made.project.pk)
    front_keep(made.project.pk)
    assert [job.kind for job in Job.objects.all()] == ["rank"]
