"""Behind a proxy that ends TLS. Refuses to start on values that are only safe on one's own machine."""

from django.core.exceptions import ImproperlyConfigured

from .base import *  # noqa: F403

for name in ("DATABASE_URL", "FOVEA_SECRET_KEY", "FOVEA_ALLOWED_HOSTS"):
    if not env.str(name, default=""):  # noqa: F405
        raise ImproperlyConfigured(f"Set {name}: production does not start on a generated default.")
if len(SECRET_KEY) < 50:  # noqa: F405
    raise ImproperlyConfigured("FOVEA_SECRET_KEY is too short: use at least 50 random characters.")

SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env.bool("FOVEA_SSL_REDIRECT", default=True)  # noqa: F405
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = env.int("FOVEA_HSTS_SECONDS", default=31_536_000)  # noqa: F405
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
