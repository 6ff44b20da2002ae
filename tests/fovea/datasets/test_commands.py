"""`manage.py import` and `manage.py project_create`."""

import io

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from fovea.datasets.models import Dataset, Import, Instance, Membership, Project

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("blob_root")]


def run(*arguments, **options):
    out = io.StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path):
    for name, value in (("a.png", 1), ("b/b.png", 2), ("truth/a.png", 3)):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4), value, np.uint8)).save(path)
    (tmp_path / "pictures" / "broken.dcm").write_bytes(b"no")
    (tmp_path / "pictures" / "link.png").symlink_to("/etc/passwd")
    return tmp_path / "pictures"


def test_a_folder_is_imported_into_a_dataset_that_is_made(site_admin, folder):
    said = run("import", str(folder), "--dataset", "My pictures", "--labels", "truth")
    dataset = Dataset.objects.get()
    assert (dataset.slug, dataset.created_by) == ("my-pictures", site_admin)
    batch = Import.objects.get()
    assert dict(batch.files.values_list("name", "status")) == {
        "a.png": "stored",
        "b/b.png": "stored",
        "truth/a.png": "label",
        "broken.dcm": "failed",
    }
    assert "1 failed, 1 label, 2 stored" in said
    assert "broken.dcm: unreadable" in said
    again = run("import", str(folder / "a.png"), "--dataset", "my-pictures")
    assert "1 duplicate" in again
    assert Instance.objects.count() == 2


def test_an_import_that_was_cut_off_is_resumed(site_admin, folder):
    run("import", str(folder), "--dataset", "one")
    batch = Import.objects.get()
    batch.files.filter(name="a.png").update(status="waiting", instance=None)
    assert "duplicate" in run("import", "--resume", str(batch.pk))
    assert Import.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "PATH --dataset NAME"),
        (["/nowhere/at/all", "--dataset", "x"], "does not exist"),
        (["--resume", "99"], "no such import"),
        ([".", "--dataset", "x", "--user", "ghost"], "ghost"),
        ([".", "--dataset", "x", "--project", "none"], "nothing here"),
    ],
)
def test_mistakes_are_one_line(site_admin, arguments, says):
    with pytest.raises(CommandError, match=says):
        run("import", *arguments)
    assert not Dataset.objects.exists()


def test_without_a_site_admin_it_says_how_to_make_one(db):
    with pytest.raises(CommandError, match="user_create NAME --admin"):
        run("import", ".", "--dataset", "x")


def test_a_project_is_made(site_admin, people):
    said = run("project_create", "Second look", "--dataset", people.dataset.slug, "--unit", "series")
    project = Project.objects.get(slug=said.strip())
    assert (project.name, project.unit) == ("Second look", "series")
    assert Membership.objects.get(project=project).role == "admin"
    with pytest.raises(CommandError, match="nothing here"):
        run("project_create", "x", "--dataset", "none")
