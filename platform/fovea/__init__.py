"""Fovea: the Django project and the apps that are not annotation."""

__version__ = "0.1.0"
