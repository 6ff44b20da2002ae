from __future__ import annotations

import os
import subprocess
import sys

import pytest

from fovea.learning.models import Prediction, QueueEntry, Run, TrainedModel
from fovea.learning.services.models import production_model

ROOT = "/api/v1"
DOCUMENT = {
    "id", "project", "dataset", "schema", "unit", "case", "frames", "metadata_url", "geometry", "lease",
    "annotation", "prediction", "why", "history",
}  # fmt: skip


@pytest.fixture
def make_model():
    """make_model(project, number=1, state="production", value=.8): a model's row with its run, without files."""

    def make(project, number=1, state="production", value=0.8, labelled=10):
        config = {"schema": 1}
        run = Run.objects.create(project=project, number=number, state="succeeded", config=config)
        headline = {"name": "AUROC", "value": value, "low": value - 0.1, "high": value + 0.1, "split": "test"}
        return TrainedModel.objects.create(
            project=project,
            run=run,
            number=number,
            architecture="small_cnn",
            folder=f"none/{run.pk}",
            metrics={"headline": headline},
            headline="AUROC",
            headline_value=value,
            labelled=labelled,
            state=state,
        )

    return make


def test_next_answers_the_workspace_and_then_nothing(image_project, api):
    made = image_project(images=3, labelled=2)
    client = api(made.reader)
    answer = client.post(f"{ROOT}/projects/{made.project.slug}/queue/next/")
    assert answer.status_code == 200
    document = answer.json()

    assert set(document) == DOCUMENT
    assert document["id"] == made.ids[2]
    assert document["lease"]["mine"] is True
    assert document["case"]["done"] == 2
    assert document["case"]["total"] == 3
    assert document["annotation"]["version"] == 0
    assert document["prediction"] is None
    assert document["why"]["text"] == "No model yet: a varied first set"
    assert document["frames"][0]["key"] == f"{made.items[2].instance_id}-1"
    assert client.get(document["metadata_url"]).status_code == 200

    other = api(made.scientist).get(f"{ROOT}/items/{made.ids[2]}/workspace/").json()
    assert other["lease"] == {**other["lease"], "mine": False, "holder": str(made.reader)}
    body = {"exclude": [made.ids[2]]}
    assert (
        client.post(f"{ROOT}/projects/{made.project.slug}/queue/next/", body, format="json").status_code
        == 204
    )


def test_a_preview_takes_no_lease(image_project, api):
    made = image_project(images=2, labelled=0)
    answer = api(made.reader).post(
        f"{ROOT}/projects/{made.project.slug}/queue/next/", {"preview": True}, format="json"
    )
    assert answer.json()["lease"]["holder"] is None
    assert not QueueEntry.objects.filter(lease_user__isnull=False).exists()


def test_the_proposal_of_the_serving_model_is_in_the_workspace(image_project, api, make_model):
    made = image_project(images=2, labelled=0)
    for number, state in ((1, "retired"), (2, "production")):
        Prediction.objects.create(
            item=made.items[0],
            model=make_model(made.project, number, state),
            content={"answers": {"square": "yes" if state == "production" else "no"}},
            confidence={"overall": 0.9, "answers": {"square": {"yes": 0.9, "no": 0.1}}},
        )
    proposal = api(made.reader).get(f"{ROOT}/items/{made.ids[0]}/workspace/").json()["prediction"]

    assert proposal["content"] == {"answers": {"square": "yes"}}
    assert proposal["model"]["name"] == "Model 2 (small_cnn)"
    assert proposal["confidence"] == {
        "overall": 0.9, "classes": {}, "answers": {"square": {"yes": 0.9, "no": 0.1}}
    }  # fmt: skip


def test_a_lease_over_the_api(image_project, api, join):
    made = image_project(images=1, labelled=0)
    address = f"{ROOT}/items/{made.ids[0]}/lease/"
    assert api(made.reader).post(address).json()["mine"] is True
    refused = api(join(made.project)).post(address)
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "lease_held"
    assert refused.json()["error"]["details"]["holder"] == str(made.reader)
    assert api(made.reader).delete(address).status_code == 204
    assert api(made.scientist).post(address).status_code == 403
    assert api().post(address).status_code == 401


def test_the_queue_lists_what_waits_in_order_page_by_page(image_project, api):
    made = image_project(images=3, labelled=0)
    for rank, item in enumerate(reversed(made.ids), 1):
        QueueEntry.objects.filter(item_id=item).update(rank=rank, score=1 / rank, reason="Because")
    client = api(made.reader)
    client.post(f"{ROOT}/items/{made.ids[1]}/lease/")
    address = f"{ROOT}/projects/{made.project.slug}/queue/"
    first = client.get(address, {"limit": 2}).json()
    second = client.get(address, {"limit": 2, "cursor": first["next"]}).json()

    assert [row["item"] for row in first["results"] + second["results"]] == made.ids[::-1]
    assert [row["rank"] for row in first["results"]] == [1, 2]
    assert [row["reader"] for row in first["results"]] == [None, str(made.reader)]
    assert second["next"] is None


def test_runs_over_the_api(image_project, api):
    made = image_project(images=10, labelled=8)
    client, address = api(made.scientist), f"{ROOT}/projects/{made.project.slug}/runs/"
    started = client.post(address, {"config": {"steps": 5}}, format="json")
    assert started.status_code == 201
    assert started.json()["state"] == "queued"
    assert client.post(address).json()["error"]["code"] == "run_live"
    assert client.get(address).json()["results"][0]["id"] == started.json()["id"]

    cancelled = client.post(f"{ROOT}/runs/{started.json()['id']}/cancel/")
    assert cancelled.json()["state"] == "cancelled"
    assert client.post(f"{ROOT}/runs/{started.json()['id']}/cancel/").status_code == 409
    assert api(made.reader).post(address).status_code == 403
    assert client.post(address, {"config": {"steps": "x"}}, format="json").status_code == 400


def test_promotion_and_roll_back_over_the_api(image_project, api, make_model):
    made = image_project(images=4, labelled=0)
    _, new = make_model(made.project, 1), make_model(made.project, 2, "candidate")
    client, base = api(made.scientist), f"{ROOT}/projects/{made.project.slug}/models/"
    assert api(made.reader).post(f"{ROOT}/models/{new.pk}/promote/").status_code == 403

    promoted = client.post(f"{ROOT}/models/{new.pk}/promote/").json()
    assert promoted["state"] == "production"
    assert promoted["events"][0]["actor"] == str(made.scientist)
    assert client.post(f"{ROOT}/models/{new.pk}/promote/").json()["error"]["code"] == "in_production"
    assert [row["state"] for row in client.get(base).json()["results"]] == ["production", "retired"]


def test_roll_back_follows_what_served(image_project, api, make_model):
    made = image_project(images=4, labelled=0)
    client, base = api(made.scientist), f"{ROOT}/projects/{made.project.slug}/models/"
    models = [make_model(made.project, number, "candidate") for number in (1, 2, 3)]
    assert client.post(f"{base}roll-back/").json()["error"]["code"] == "no_model"
    for model in (models[0], models[2]):
        client.post(f"{ROOT}/models/{model.pk}/promote/")

    assert client.post(f"{base}roll-back/").json()["number"] == 1
    assert production_model(made.project.pk) == models[0]
    assert client.post(f"{base}roll-back/").status_code == 409


def test_the_curve_the_summary_and_the_settings(image_project, api, make_model):
    made = image_project(images=6, labelled=4)
    for number, value in enumerate((0.6, 0.7, 0.75, 0.78), 1):
        make_model(
            made.project, number, "production" if number == 4 else "retired", value, labelled=number * 20
        )
    client, base = api(made.scientist), f"{ROOT}/projects/{made.project.slug}"

    curve = client.get(f"{base}/curve/").json()
    assert [point["labelled"] for point in curve["points"]] == [20, 40, 60, 80]
    assert curve["forecast"]["expected"][-1] >= 0.78
    assert "more labels" in curve["advice"]

    summary = client.get(f"{base}/summary/").json()
    assert summary["counts"] == {"waiting": 2, "done": 4, "aside": 0, "total": 6}
    assert summary["model"]["number"] == 4
    assert summary["labels_per_day"][0]["count"] == 4
    assert summary["proposals"] == {"offered": 0, "unchanged": 0, "share": None}

    changed = client.patch(f"{base}/learning/", {"strategy": "entropy"}, format="json")
    assert changed.json()["strategy"] == "entropy"
    assert client.patch(f"{base}/learning/", {"strategy": "guess"}, format="json").status_code == 400
    assert api(made.reader).patch(f"{base}/learning/", {}, format="json").status_code == 403
    assert client.post(f"{base}/rank/", {"strategy": "random"}, format="json").status_code == 202
    assert client.get(f"{base}/learning/").json()["strategy"] == "random"


def test_kept_proposals_are_counted(image_project, api):
    made = image_project(images=6, labelled=6)
    for item, prediction in zip(
        made.items,
        [
            None,
            {"id": 1, "accepted": ["square"], "corrected": [], "rejected": []},
            {"id": 2, "accepted": [], "corrected": ["square"], "rejected": []},
            {"id": 3, "accepted": [], "corrected": [], "rejected": ["square"]},
        ],
        strict=False,
    ):
        item.versions.update(prediction=prediction)
    found = api(made.reader).get(f"{ROOT}/projects/{made.project.slug}/summary/").json()["proposals"]
    assert found == {"offered": 3, "unchanged": 1, "share": pytest.approx(1 / 3)}


@pytest.mark.parametrize(
    "path",
    ["queue/", "runs/", "models/", "curve/", "summary/", "learning/"],
    ids=lambda path: path.strip("/"),
)
def test_strangers_find_nothing(image_project, api, path):
    made, other = image_project(images=1, labelled=0), image_project(images=1, labelled=0)
    assert api(made.scientist).get(f"{ROOT}/projects/{made.project.slug}/{path}").status_code == 200
    assert api(other.scientist).get(f"{ROOT}/projects/{made.project.slug}/{path}").status_code == 404


def test_cards_are_listed(image_project, api):
    client = api(image_project(images=1, labelled=0).reader)
    assert "clasp" in {card["name"] for card in client.get(f"{ROOT}/strategies/").json()}
    cards = {card["name"]: card for card in client.get(f"{ROOT}/architectures/").json()}
    assert "segmentation" in cards["unet"]["kinds"]


def test_no_address_of_learning_loads_torch():
    code = (
        "import django; django.setup(); import fovea.learning.urls, fovea.learning.receivers, sys;"
        "from fovea.jobs.registry import kind_of; kind_of('train');"
        "sys.exit('torch' in sys.modules)"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "fovea.settings.test"}

    assert subprocess.run([sys.executable, "-c", code], env=os.environ | environment).returncode == 0
