"""Settings, all from the environment; a missing secret stops the start with a sentence that says how to fix it."""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

from connector_site.lib.row_security import APP_ROLE, STAFF_ROLE
from connector_site.people_settings import *  # noqa: F403  settings by nature

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()  # type: ignore[no-untyped-call]


def _secret(name: str, *, development: str | None = None) -> str:
    """A secret from NAME or from the file named by NAME_FILE; the development value only when DEBUG is on."""
    path = env.str(f"{name}_FILE", default="")
    if path:
        kept = Path(path).read_text(encoding="utf-8").strip()
        if not kept:
            raise ImproperlyConfigured(f"The file named by {name}_FILE is empty; put the secret into it.")
        return kept
    value: str = env.str(name, default="")
    if value:
        return value
    if DEBUG and development is not None:
        return development
    raise ImproperlyConfigured(
        f"Set {name} (or {name}_FILE) in the environment; the README section Configure lists it."
    )


def _addresses(name: str) -> list[str]:
    """E-mail addresses separated by commas. A wrong one is told by its place: logs name nobody."""
    found = [part.strip() for part in env.str(name, default="").split(",") if part.strip()]
    for place, address in enumerate(found, 1):
        try:
            validate_email(address)
        except ValidationError:
            raise ImproperlyConfigured(
                f"Address {place} of {name} is no e-mail address; write addresses such as team@example.com, "
                "separated by commas."
            ) from None
    return found


DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = _secret("SECRET_KEY", development="development-only")
_HAS_OLDER = bool(env.str("SECRET_KEY_FALLBACKS", default="") or env.str("SECRET_KEY_FALLBACKS_FILE", default=""))
_OLDER = _secret("SECRET_KEY_FALLBACKS") if _HAS_OLDER else ""
SECRET_KEY_FALLBACKS = [key.strip() for key in _OLDER.split(",") if key.strip()]
"""Older ones that are still accepted while a new one takes their place."""
FERNET_KEYS = [
    key.strip() for key in _secret("FERNET_KEYS", development="development-only-fernet").split(",") if key.strip()
]
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8700").rstrip("/")
_HTTPS = PUBLIC_URL.startswith("https://")
PROXY_COUNT = env.int("PROXY_COUNT", default=1 if _HTTPS else 0)
"""Proxies of our own in front of the site; each adds an address to `X-Forwarded-For`, and only those are believed.

With `https` there is one: TLS ends at a proxy."""
ADMIN_HOST = env.str("ADMIN_HOST", default="").strip().lower()
"""A host name of its own for `/admin/`, which is then found nowhere else (`connector_site.admin_door`)."""
ALLOWED_HOSTS = [
    urlsplit(PUBLIC_URL).hostname or "localhost",
    *([ADMIN_HOST] if ADMIN_HOST else []),
    *env.list("ALLOWED_HOSTS", default=[]),
]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "django_celery_beat",
    "connector_site.apps.SiteConfig",
    "tenants.apps.TenantsConfig",
    "audit.apps.AuditConfig",
    "exact.apps.ExactConfig",
    "ups.apps.UpsConfig",
    "syncjobs.apps.SyncjobsConfig",
]
MIDDLEWARE = [
    "connector_site.middleware.hooks_first",
    "django.middleware.security.SecurityMiddleware",
    "connector_site.middleware.safe_headers",
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tenants.languages.persons_language",
    "django.contrib.messages.middleware.MessageMiddleware",
    "tenants.sessions.session_rules",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "connector_site.middleware.content_security_policy_by_place",
    "connector_site.admin_door.admin_door",
    "tenants.account_door.account_door",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "connector_site.middleware.page_for_wrong_methods",
]
ROOT_URLCONF = "connector_site.urls"
WSGI_APPLICATION = "connector_site.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
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

# --- database: three roles (connector_site/lib/row_security.py) ---
# DATABASE_URL may log in as the owner, or as a login that is a member of the two runtime roles and owns nothing; then
# DATABASE_OWNER_URL is what migrations use.
_DATABASE_GUARDS = "-c lock_timeout=5s -c statement_timeout=15s -c idle_in_transaction_session_timeout=30s"
"""`reliability.md` 4, last line."""


DATABASE_URL = _secret("DATABASE_URL", development="postgresql:///ml_connector")


def _database(*, role: str | None, guards: str = _DATABASE_GUARDS) -> dict[str, Any]:
    url = DATABASE_URL if role else env.str("DATABASE_OWNER_URL", default=DATABASE_URL)
    settings: dict[str, Any] = env.db_url_config(url)  # type: ignore[no-untyped-call]
    options = f"{guards} -c role={role}" if role else guards
    settings["OPTIONS"] = {
        **settings.get("OPTIONS", {}),
        "options": options.strip(),
        "server_side_binding": True,
        "prepare_threshold": 5,
    }
    settings["CONN_MAX_AGE"] = 600 if role else 0
    settings["CONN_HEALTH_CHECKS"] = bool(role)
    settings["DISABLE_SERVER_SIDE_CURSORS"] = True
    if role:
        settings["TEST"] = {"MIRROR": "owner"}
    return settings


DATABASES = {
    "default": _database(role=APP_ROLE),
    "staff": _database(role=STAFF_ROLE),
    "owner": _database(role=None, guards="-c lock_timeout=10s"),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- broker, cache, jobs ---
REDIS_URL = _secret("REDIS_URL", development="redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "connector_site.lib.cache.SteadyCache",
        "LOCATION": REDIS_URL.replace("redis+socket://", "unix://"),
        "KEY_PREFIX": "site",
    }
}
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
"""Kombu waits for ever by default (`reliability.md` 4)."""
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_DEFAULT_QUEUE = "upkeep"
CELERY_TASK_TIME_LIMIT = env.int("TASK_TIME_LIMIT_SECONDS", default=90)
CELERY_TASK_SOFT_TIME_LIMIT = CELERY_TASK_TIME_LIMIT * 5 // 6
LEASE_SECONDS = env.float("LEASE_SECONDS", default=120.0)
"""How long a job belongs to the worker that claimed it (`reliability.md` 1.2)."""
if LEASE_SECONDS <= CELERY_TASK_TIME_LIMIT:
    raise ImproperlyConfigured("Set LEASE_SECONDS above TASK_TIME_LIMIT_SECONDS: a lease outlives its task.")
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 80
CELERY_TIMEZONE = "UTC"
TRACKING_HOUR_SECONDS = env.float("TRACKING_HOUR_SECONDS", default=3600.0)
"""How long an hour lasts for the pauses between questions about parcels; the demo lets it pass in a second."""
SETTLING_MINUTE_SECONDS = env.float("SETTLING_MINUTE_SECONDS", default=60.0)
"""How long a minute lasts while it is found out what became of a shipment; crash runs let it pass in a second."""
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
SWEEP_SECONDS = 10.0
"""The clock's tick (`design.md` 4); `syncjobs.alarms.troubles` counts those that were missed."""
CELERY_BEAT_SCHEDULE = {
    "sweep due jobs": {
        "task": "syncjobs.tasks.sweep",
        "schedule": SWEEP_SECONDS,
        "options": {"expires": SWEEP_SECONDS},
    },
    "refresh idle Exact grants": {
        "task": "exact.tasks.refresh_idle_grants",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "read master data from Exact": {
        "task": "syncjobs.tasks.plan_reads",
        "schedule": 900.0,
        "options": {"expires": 600},
    },
    "read changes from Exact": {
        "task": "syncjobs.tasks.plan_changes",
        "schedule": 300.0,
        "options": {"expires": 240},
    },
    "turn due tracking into jobs": {
        "task": "syncjobs.tasks.turn_due",
        "schedule": min(30.0, TRACKING_HOUR_SECONDS),
        "options": {"expires": 30},
    },
    "compare Exact, UPS and us": {
        "task": "syncjobs.tasks.plan_reconciliations",
        "schedule": 900.0,
        "options": {"expires": 600},
    },
    "count what shipments became": {
        "task": "syncjobs.tasks.plan_figures",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "send the mails of the day": {
        "task": "syncjobs.tasks.send_digests",
        "schedule": 300.0,
        "options": {"expires": 240},
    },
    "verify audit chains": {"task": "syncjobs.tasks.verify_chains", "schedule": crontab(hour=3, minute=20)},
    "delete what was kept long enough": {
        "task": "syncjobs.tasks.plan_retention",
        "schedule": crontab(hour=2, minute=10),
    },
    "delete sessions that have ended": {
        "task": "tenants.tasks.clear_sessions",
        "schedule": crontab(hour=2, minute=40),
    },
    **{
        f"canary through {name}": {
            "task": "syncjobs.tasks.canary",
            "kwargs": {"queue_name": name},
            "schedule": 60.0,
            "options": {"queue": name, "expires": 60},
        }
        for name in ("ship", "sync", "track", "upkeep")
    },
}

# --- outside systems (design.md 6) ---
EXACT_SITES = ("nl", "be", "de", "fr", "es", "uk", "us")
_EXACT_HOSTS = {
    "nl": "https://start.exactonline.nl",
    "be": "https://start.exactonline.be",
    "de": "https://start.exactonline.de",
    "fr": "https://start.exactonline.fr",
    "es": "https://start.exactonline.es",
    "uk": "https://start.exactonline.co.uk",
    "us": "https://start.exactonline.com",
}
EXACT_BASE_URLS = {
    site: env.str(f"EXACT_BASE_URL_{site.upper()}", default=host).rstrip("/") for site, host in _EXACT_HOSTS.items()
}
EXACT_APPS = {
    site: {
        "client_id": env.str(f"EXACT_CLIENT_ID_{site.upper()}"),
        "client_secret": _secret(f"EXACT_CLIENT_SECRET_{site.upper()}"),
        "webhook_secret": _secret(f"EXACT_WEBHOOK_SECRET_{site.upper()}"),
    }
    for site in EXACT_SITES
    if env.str(f"EXACT_CLIENT_ID_{site.upper()}", default="")
}
UPS_BASE_URLS = {
    "test": env.str("UPS_BASE_URL_TEST", default="https://wwwcie.ups.com").rstrip("/"),
    "production": env.str("UPS_BASE_URL_PRODUCTION", default="https://onlinetools.ups.com").rstrip("/"),
}

# --- people ---
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _HTTPS

# --- mails ---
_HAS_EMAIL = bool(env.str("EMAIL_URL", default="") or env.str("EMAIL_URL_FILE", default=""))
globals().update(env.email_url_config(_secret("EMAIL_URL") if _HAS_EMAIL else "consolemail://"))  # type: ignore[no-untyped-call]
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default=f"ml-connector <no-reply@{urlsplit(PUBLIC_URL).hostname}>")
OPERATOR_EMAILS = _addresses("OPERATOR_EMAILS")
"""Who runs the service; alarms about the service itself go there (`syncjobs.alarms.mails`)."""

SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SESSION_COOKIE_NAME = "__Host-sessionid" if _HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if _HTTPS else "csrftoken"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
"""What was said to a person stays in her session; no further cookie."""
SECURE_SSL_REDIRECT = _HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/"]
"""Probes come from inside, without the proxy that speaks TLS."""
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _HTTPS
SECURE_HSTS_PRELOAD = env.bool("HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W021"]
"""The preload lists take whole domains, of which this site has one name: its domain's owner decides."""
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- language, time, files, logs ---
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("nl", "Nederlands"), ("de", "Deutsch"), ("fr", "Français"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME = "__Host-language" if _HTTPS else "language"
LANGUAGE_COOKIE_SECURE = _HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / ".local" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or "pytest" in sys.modules
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
REST_FRAMEWORK = {"UNAUTHENTICATED_USER": None}
"""Every view of the API names its own door (`tenants.api_door`); there are no other defaults to lean on."""
WHITENOISE_USE_FINDERS = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 2
"""Our own bounds: no form of ours comes near; what is above is answered with 400 before a view sees it."""
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {"django.request": {"level": "ERROR"}},
}
"""Django's lines about a 4xx name the path, and some paths open something to whoever knows them."""
UNFOLD = {
    "SITE_TITLE": "ml-connector",
    "SITE_HEADER": "ml-connector",
    "SHOW_HISTORY": False,
    "DASHBOARD_CALLBACK": "connector_site.admin_dashboard.fill",
}
