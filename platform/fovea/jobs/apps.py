from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "fovea.jobs"
    label = "jobs"
