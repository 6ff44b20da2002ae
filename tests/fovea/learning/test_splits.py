from __future__ import annotations

from annotations.models import Item
from annotations.selectors import submitted_versions
from fovea.learning.services.manifests import labelled_manifest, pool_manifest
from fovea.learning.services.splits import splits_draw


def splits(made):
    return dict(Item.objects.filter(project=made.project).exclude(split="").values_list("id", "split"))


def draw(made):
    return splits_draw(made.project, submitted_versions(made.project.pk), test_share=0.25)


def test_labelled_items_get_a_split_that_never_changes(image_project):
    made = image_project(images=40, labelled=20)
    assert draw(made) == 20
    first = splits(made)
    assert sorted(set(first.values())) == ["test", "train", "val"]

    made.label(range(20, 40))
    assert draw(made) == 20
    later = splits(made)
    assert {item: later[item] for item in first} == first
    assert sum(split == "test" for split in later.values()) == 10


def test_both_answers_are_in_the_held_out_set(image_project):
    made = image_project(images=24, labelled=24)
    draw(made)
    test = Item.objects.filter(project=made.project, split="test").select_related("current")
    assert {item.current.content["answers"]["square"] for item in test} == {"yes", "no"}


def test_a_patient_is_never_on_both_sides(image_project):
    made = image_project(images=24, labelled=12)
    patients = [item.patient for item in made.items[:6]]
    for number, item in enumerate(made.items):
        Item.objects.filter(pk=item.pk).update(patient=patients[number % 6])
    draw(made)
    made.label(range(12, 24))
    draw(made)

    sides = {}
    for patient, split in Item.objects.filter(project=made.project).values_list("patient_id", "split"):
        sides.setdefault(patient, set()).add(split)
    assert all(len(side) == 1 for side in sides.values())


def test_an_imported_split_stays(image_project):
    made = image_project(images=12, labelled=12)
    Item.objects.filter(pk=made.ids[0]).update(split="test")
    draw(made)
    assert splits(made)[made.ids[0]] == "test"


def test_the_manifest_holds_what_was_submitted_and_leaves_the_rest_unknown(image_project):
    made = image_project(images=8, labelled=6, masks=True)
    draw(made)
    manifest = labelled_manifest(made.project, made.spec)
    entry = manifest.by_id()[str(made.ids[1])]

    assert len(manifest.items) == 6
    assert entry.answers is None
    assert list(entry.slices) == [f"{made.items[1].instance_id}-1"]
    assert manifest.by_id()[str(made.ids[0])].slices == {}
    assert manifest.hash() == labelled_manifest(made.project, made.spec).hash()


def test_an_answer_that_the_schema_no_longer_knows_is_unknown(image_project):
    made = image_project(images=8, labelled=6)
    draw(made)
    spec = {
        **made.spec,
        "questions": [{**made.spec["questions"][0], "options": [{"value": "no"}, {"value": "maybe"}]}],
    }
    entries = labelled_manifest(made.project, spec).by_id()

    assert entries[str(made.ids[0])].answers == {"square": "no"}
    assert entries[str(made.ids[1])].answers == {}


def test_the_pool_carries_no_labels(image_project):
    made = image_project(images=8, labelled=6)
    manifest = pool_manifest(made.project, made.spec, made.ids)
    assert {item.split for item in manifest.items} == {"pool"}
    assert not any(item.labelled for item in manifest.items)
