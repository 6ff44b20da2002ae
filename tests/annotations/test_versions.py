"""Saving: immutable versions, stale bases, repeated keys, submission."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import connection

from annotations import signals
from annotations.models import AnnotationVersion, Item
from annotations.selectors import annotation_state, history, submitted_versions
from annotations.services import item_reopen, item_skip, version_save, version_submit
from fovea.core.errors import Conflict, Forbidden, Invalid, NotFound, StaleVersion
from tests.annotations.conftest import coded, mask_of


def save(case: SimpleNamespace, content: dict, base: int = 0, **options) -> AnnotationVersion:
    options = {"actor": case.radiologist, "key": uuid4(), **options}
    return version_save(item=case.item, base_version=base, content=content, **options)


def test_a_save_makes_a_version_that_reads_back(case: SimpleNamespace) -> None:
    text = coded(mask_of((1, 2, 1), (3, 3, 2)))
    version = save(case, {"slices": {case.key: text}}, seconds=12.5)
    case.item.refresh_from_db()
    state = annotation_state(case.item)
    assert (version.number, version.base, version.seconds) == (1, 0, 12.5)
    assert state["content"]["slices"] == {case.key: text}
    assert (case.item.state, state["submitted"], state["source"]) == ("draft", False, "human")


def test_the_same_key_gives_the_same_version(case: SimpleNamespace) -> None:
    key = uuid4()
    first = save(case, {"answers": {"finding": "none"}}, key=key)
    again = save(case, {"answers": {"finding": "none"}}, key=key)
    assert first.pk == again.pk
    assert AnnotationVersion.objects.count() == 1


def test_another_persons_key_is_refused(case: SimpleNamespace) -> None:
    key = uuid4()
    save(case, {"answers": {"finding": "none"}}, key=key)
    with pytest.raises(Conflict) as error:
        save(case, {"answers": {"finding": "none"}}, base=1, key=key, actor=case.reviewer)
    assert error.value.error_code == "key_reused"


def test_a_stale_base_is_refused_with_what_is_there_now(case: SimpleNamespace) -> None:
    save(case, {"answers": {"finding": "nodule"}})
    with pytest.raises(StaleVersion) as error:
        save(case, {"answers": {"finding": "none"}}, base=0, actor=case.reviewer)
    assert error.value.details["current"]["version"] == 1
    assert error.value.details["current"]["content"]["answers"] == {"finding": "nodule"}
    assert AnnotationVersion.objects.count() == 1


def test_roles(case: SimpleNamespace) -> None:
    for actor in (case.viewer, case.data_scientist):
        with pytest.raises(Forbidden):
            save(case, {"answers": {"finding": "none"}}, actor=actor)
    with pytest.raises(NotFound):
        save(case, {"answers": {"finding": "none"}}, actor=case.outsider)


def test_submitting_needs_the_answers_and_states_every_part(case: SimpleNamespace) -> None:
    with pytest.raises(Invalid, match="Finding"):
        version_submit(actor=case.radiologist, item=case.item, base_version=0, key=uuid4())
    save(case, {"answers": {"finding": "none"}})
    version = version_submit(actor=case.radiologist, item=case.item, base_version=1, key=uuid4())
    case.item.refresh_from_db()
    assert version.content == {"answers": {"finding": "none"}, "slices": {}, "boxes": []}
    assert (case.item.state, case.item.current_id) == ("submitted", version.pk)
    assert [v.pk for v in submitted_versions(case.project.pk)] == [version.pk]


def test_a_draft_after_submission_does_not_teach_until_it_is_submitted(case: SimpleNamespace) -> None:
    save(case, {"answers": {"finding": "none"}})
    submitted = version_submit(actor=case.radiologist, item=case.item, base_version=1, key=uuid4())
    save(case, {"answers": {"finding": "nodule"}}, base=2)
    case.item.refresh_from_db()
    assert case.item.state == "submitted"
    assert [v.pk for v in submitted_versions(case.project.pk)] == [submitted.pk]


def test_history_says_who_did_what(case: SimpleNamespace) -> None:
    save(case, {"slices": {case.key: coded(mask_of((1, 1, 1)))}, "answers": {"finding": "none"}})
    version_submit(actor=case.radiologist, item=case.item, base_version=1, key=uuid4())
    assert [(h["version"], h["summary"]) for h in history(case.item)] == [
        (2, "submitted"),
        (1, "1 slice, answers"),
    ]


def test_others_hear_of_it_on_commit(case: SimpleNamespace, django_capture_on_commit_callbacks) -> None:
    heard: list[tuple[str, list[int]]] = []

    def on(name: str):
        def hear(*, item_ids: list[int], **_) -> None:
            heard.append((name, item_ids))

        return hear

    receivers = {name: on(name) for name in ("item_submitted", "item_skipped", "item_reopened")}
    for name, hear in receivers.items():
        getattr(signals, name).connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            item_skip(actor=case.radiologist, item=case.item, reason="unsure")
            assert heard == []
        with django_capture_on_commit_callbacks(execute=True):
            item_reopen(actor=case.reviewer, item=case.item)
            save(case, {"answers": {"finding": "none"}})
            version_submit(actor=case.radiologist, item=case.item, base_version=1, key=uuid4())
    finally:
        for name, hear in receivers.items():
            getattr(signals, name).disconnect(hear)
    ids = [case.item.pk]
    assert heard == [("item_skipped", ids), ("item_reopened", ids), ("item_submitted", ids)]


def test_a_skipped_item_keeps_its_reason_and_its_labels(case: SimpleNamespace) -> None:
    save(case, {"answers": {"finding": "none"}})
    item_skip(actor=case.radiologist, item=case.item, reason="bad_quality", note="motion")
    case.item.refresh_from_db()
    assert (case.item.state, case.item.current.number) == ("skipped", 1)
    assert case.item.skips.get().reason == "bad_quality"
    with pytest.raises(Invalid):
        item_skip(actor=case.radiologist, item=case.item, reason="tired")


@pytest.mark.django_db(transaction=True)
def test_of_savers_at_the_same_moment_exactly_one_goes_on(case: SimpleNamespace) -> None:
    def attempt(_: int) -> str:
        try:
            item = Item.objects.select_related("project", "series", "instance", "current").get(
                pk=case.item.pk
            )
            save(SimpleNamespace(**{**vars(case), "item": item}), {"answers": {"finding": "none"}})
            return "saved"
        except StaleVersion:
            return "stale"
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(8)))
    assert sorted(outcomes) == ["saved"] + ["stale"] * 7
    assert AnnotationVersion.objects.count() == 1
