from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "fovea.core"
    label = "core"
