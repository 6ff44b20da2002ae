from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "fovea.accounts"
    label = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        """Describe our ways to sign in to the API's description."""
        from fovea.accounts import schema  # noqa: F401
