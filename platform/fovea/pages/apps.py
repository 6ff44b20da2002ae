from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "fovea.pages"
    label = "pages"
