"""`python -m fovea.embedded.prepare`: what must be done inside Django before the first request.

Migrates and makes the broker's queues; with `--demo` makes the demo's people and links that sign them in once.
Talk goes to stderr; stdout gets one JSON object: {"migrations": applied now, "links": [lines]}.
"""

import io
import json
import os
import sys


def main() -> int:
    """Prepare the database and report. Exit code 1 with a line on stderr when it cannot be done."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fovea.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import DatabaseError, connection
    from django.db.migrations.executor import MigrationExecutor

    from .broker import ensure_queues

    try:
        executor = MigrationExecutor(connection)
        pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        call_command("migrate", interactive=False, verbosity=1, stdout=sys.stderr)
        if settings.CELERY_BROKER_URL.startswith("pgmq:"):
            ensure_queues(settings.DATABASE_URL)
    except DatabaseError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    links = io.StringIO()
    if "--demo" in sys.argv[1:]:
        call_command("demo_load", people=True)
        call_command("signin_links", stdout=links)
    report = {"migrations": pending, "links": links.getvalue().splitlines()}
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
