from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "fovea.demo"
    label = "demo"
