from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "fovea.audit"
    label = "audit"
