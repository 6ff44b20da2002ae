from django.apps import AppConfig


class LearningConfig(AppConfig):
    name = "fovea.learning"
    label = "learning"

    def ready(self) -> None:
        """Listen to what happens to items."""
        from fovea.learning import receivers  # noqa: F401
