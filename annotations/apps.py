from django.apps import AppConfig


class AnnotationsConfig(AppConfig):
    name = "annotations"
    label = "annotations"

    def ready(self) -> None:
        """Listen to what arrives in datasets."""
        from annotations import receivers  # noqa: F401
