from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "fovea.accounts"
    label = "accounts"
    verbose_name = "People"
