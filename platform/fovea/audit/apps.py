from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "fovea.audit"
    label = "audit"

    def ready(self) -> None:
        """Listen to accounts."""
        from fovea.audit import receivers  # noqa: F401
