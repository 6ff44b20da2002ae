"""A machine of one's own: `make up`."""

from .base import *  # noqa: F403

ALLOWED_HOSTS = [*ALLOWED_HOSTS, *env.list("FOVEA_EXTRA_HOSTS", default=[])]  # noqa: F405
