"""What every installation shares. The environment is read here and nowhere else."""

from pathlib import Path

import environ

import fovea.celery  # noqa: F401 - shared tasks belong to this application, in every process that has settings
from fovea.core.secrets import secret_of
from fovea.embedded.postgres import database_url

env = environ.Env()

ROOT = Path(__file__).resolve().parents[3]

# --- Where things lie -------------------------------------------------------------------------------------------
FOVEA_HOME = Path(env.str("FOVEA_HOME", default=str(ROOT / ".fovea"))).expanduser().resolve()
BLOB_ROOT = FOVEA_HOME / "blobs"
UPLOAD_ROOT = FOVEA_HOME / "uploads"
RUN_ROOT = FOVEA_HOME / "runs"
CACHE_ROOT = FOVEA_HOME / "cache"

SECRET_KEY = env.str("FOVEA_SECRET_KEY", default="") or secret_of(FOVEA_HOME, "django-secret-key")
DEBUG = False
ALLOWED_HOSTS = env.list("FOVEA_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("FOVEA_TRUSTED_ORIGINS", default=[])

# --- Apps, from the bottom layer up -----------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "fovea.core",
    "fovea.accounts",
    "fovea.audit",
    "fovea.jobs",
    "fovea.datasets",
    "annotations",
    "fovea.learning",
    "fovea.exports",
    "fovea.pages",
    "fovea.demo",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "fovea.core.static.StaticFiles",
    "fovea.core.middleware.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "fovea.urls"
ASGI_APPLICATION = "fovea.asgi.application"
WSGI_APPLICATION = "fovea.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database and broker: one PostgreSQL unless told otherwise (INTEROP 5) ----------------------------------------
DATABASE_URL = env.str("DATABASE_URL", default="") or database_url(FOVEA_HOME) or ""
DATABASES = {
    "default": {
        **(env.db_url_config(DATABASE_URL) if DATABASE_URL else {"ENGINE": "django.db.backends.postgresql"}),
        "CONN_MAX_AGE": 0,  # under ASGI each request has a thread, and a kept connection, of its own
        "OPTIONS": {"connect_timeout": 5, "application_name": "fovea"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="") or "pgmq://"
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "conn_string": DATABASE_URL,
        "init_extension": False,
        "polling_interval": 0.1,
        # Its trigger is re-made by every process under an exclusive lock, and its throttle swallows every second wake-up.
        "use_notify": False,
        "wait_time_seconds": 0,
        "visibility_timeout": 60,
        "pool_timeout": 5,
        "pool_size": 4,
    }
    if CELERY_BROKER_URL.startswith("pgmq:")
    else {"visibility_timeout": 3600}
    if CELERY_BROKER_URL.startswith("redis")
    else {}
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker outlives any outage of its broker
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # on pgmq it would make a table per worker's name
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 2,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.5,
}
CELERY_RESULT_BACKEND = None  # a Job row is the result
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_BEAT_SCHEDULE = {
    "sweep-jobs": {"task": "jobs.sweep", "schedule": 30.0, "options": {"expires": 30}},
    "retrain-when-due": {"task": "learning.retrain_when_due", "schedule": 60.0, "options": {"expires": 60}},
}

# --- People -----------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "fovea.core.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"

# --- API --------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "fovea.accounts.authentication.TokenAuthentication",
        "fovea.accounts.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "fovea.core.errors.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Fovea",
    "VERSION": "1",
    "DESCRIPTION": "Datasets, annotation, active learning. Errors have one shape: see docs/reference/errors.md.",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
}

# --- Static files: the browser's modules and the viewer bundle that set-up builds -----------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = FOVEA_HOME / "static"
# Only what browsers load: the recipe of the bundle and its packages stay private.
STATICFILES_DIRS = [(name, ROOT / "frontend_static" / name) for name in ("css", "js", "img", "vendor")]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

# Where people reach the site: for links that are printed, not for routing.
FOVEA_ADDRESS = env.str(
    "FOVEA_ADDRESS",
    default=f"http://{env.str('FOVEA_HOST', default='127.0.0.1')}:{env.int('FOVEA_PORT', default=8000)}",
)

# --- Limits (docs/reference/settings.md names each) -------------------------------------------------------------
FOVEA_MAX_UPLOAD_BYTES = env.int("FOVEA_MAX_UPLOAD_BYTES", default=4 * 2**30)
FOVEA_MAX_REQUEST_BYTES = env.int("FOVEA_MAX_REQUEST_BYTES", default=64 * 2**20)
DATA_UPLOAD_MAX_MEMORY_SIZE = FOVEA_MAX_REQUEST_BYTES
FOVEA_MIN_FREE_BYTES = env.int("FOVEA_MIN_FREE_BYTES", default=256 * 2**20)
FOVEA_LEASE_SECONDS = env.int("FOVEA_LEASE_SECONDS", default=300)
FOVEA_DEVICE = env.str("FOVEA_DEVICE", default="auto")

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("FOVEA_LOG_LEVEL", default="INFO")},
}
