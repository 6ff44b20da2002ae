from django.apps import AppConfig


class ExportsConfig(AppConfig):
    name = "fovea.exports"
    label = "exports"
