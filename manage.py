#!/usr/bin/env python
"""Django's command line, with the platform folder as a source root."""

import os
import sys
from pathlib import Path


def main() -> None:
    """Run a management command; a database that is not there is one line, not a traceback."""
    sys.path.insert(0, str(Path(__file__).resolve().parent / "platform"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fovea.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        sys.exit(f"fovea: the database does not answer: {str(error).splitlines()[0]}")
    except ImproperlyConfigured as error:
        if "settings.DATABASES" not in str(error):
            raise
        sys.exit("fovea: no database yet: start one with `make up`, or set DATABASE_URL.")


if __name__ == "__main__":
    main()
