"""Imaging, learning and selection. Knows no Django, no Celery, no database."""
