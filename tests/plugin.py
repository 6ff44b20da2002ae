"""What must be there before Django reads its settings: a data folder of this run's own, and a PostgreSQL.

Named by `-p tests.plugin` in pyproject.toml, because pytest-django loads the settings before any conftest.
With DATABASE_URL unset the embedded PostgreSQL is made and started in that folder, and stopped at the end.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

_HOME = pytest.StashKey[Path]()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Make the data folder and, where no database is named, start one in it."""
    home = Path(tempfile.mkdtemp(prefix="fovea-test-"))
    early_config.stash[_HOME] = home
    os.environ["FOVEA_HOME"] = str(home)
    # Importing fovea names the ordinary settings where none are named; these tests have their own.
    os.environ["DJANGO_SETTINGS_MODULE"] = "fovea.settings.test"
    if not os.environ.get("DATABASE_URL"):
        from fovea.embedded import postgres

        os.environ["DATABASE_URL"] = postgres.start(home).url


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started here and remove the folder."""
    if home := config.stash.get(_HOME, None):
        from fovea.embedded import postgres

        postgres.stop(home)
        shutil.rmtree(home, ignore_errors=True)
