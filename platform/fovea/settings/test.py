"""Tests: the same parts, cheaper passwords, and a data folder that goes with the run."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("FOVEA_HOME", str(Path(tempfile.gettempdir()) / f"fovea-test-{os.getpid()}"))

from .base import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405
# Look static files up when asked for, instead of listing them all for each test's client.
WHITENOISE_AUTOREFRESH = True
