from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "fovea.jobs"
    label = "jobs"

    def ready(self) -> None:
        """Tell `/readyz` how broker and workers are asked, and Celery what a worker does beside its tasks."""
        from fovea.core.health import register_check
        from fovea.jobs import health, worker  # noqa: F401 - connects to Celery's signals

        register_check("broker", health.broker)
        register_check("workers", health.beats)
