"""The web process where a host insists on WSGI; live events then fall back to polling."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fovea.settings")

application = get_wsgi_application()
