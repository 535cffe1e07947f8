"""Django's settings. Variables of the environment: see sessions_app/config/variables.py."""

import os
from pathlib import Path

from habla_project.logs import is_worth_a_line
from habla_project.surroundings import data_directory, database, installation, secret_key
from sessions_app.config import env_file, file_modes
from sessions_app.config.setting import read_settings, settings_of
from sessions_app.config.variables import Conf, DjangoSettings
from sessions_app.transport.limits import MAX_BODY_BYTES

BASE_DIR = Path(__file__).resolve().parent.parent
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
env = env_file.Environment()

# files that any command writes from here on are readable by this user only
os.umask(file_modes.UMASK)
DATA_DIR = data_directory(env.text("HABLA_DATA_DIR"), BASE_DIR)
MODE_RESTRICTION = file_modes.ModeRestriction()
"""Finds files that other users can read, for `manage.py check` and `serve` to name."""
MODE_RESTRICTION.restrict_directory(DATA_DIR)
HABLA_FROM_FILE = env_file.read_env_file(DATA_DIR)
HABLA = env.texts(settings_of(Conf).values()) | {"DATA_DIR": DATA_DIR}
"""Our own settings, as set in the environment; read by sessions_app/config/conf.py."""
given, wrong = read_settings(DjangoSettings, env.texts(settings_of(DjangoSettings).values()))
MISTAKES = [*env_file.env_file_mistakes(DATA_DIR), *map(str, wrong), *env.mistakes]
"""What was wrong in the environment, for `manage.py check` to name."""

SECRET_KEY = given.secret_key or secret_key(DATA_DIR, may_write=not MODE_RESTRICTION.left_open)
DEBUG = given.is_debugging
ALLOWED_HOSTS = list(given.allowed_hosts or LOOPBACK)
HAS_NAMED_HOSTS = bool(given.allowed_hosts)
"""Whether the operator has set the names under which this server may be reached."""
CSRF_TRUSTED_ORIGINS = list(given.csrf_trusted_origins)

INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "channels",
    "ninja",
    "sessions_app",
    "playback_app",
]

MIDDLEWARE = [
    "sessions_app.transport.streaming.streaming_middleware",
    "sessions_app.access.downloads.DownloadsMiddleware",
    "sessions_app.transport.response_headers.PermissionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "sessions_app.web.static_files.hashed_middleware.HashedFilesMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "sessions_app.transport.response_headers.PrivacyMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "sessions_app.access.middleware.JsonErrorsMiddleware",
    "sessions_app.access.clean_input.CleanInputMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "sessions_app.access.middleware.OwnerMiddleware",
    "sessions_app.access.middleware.DatabaseMiddleware",
    "sessions_app.access.rate_limits.RateLimitMiddleware",
    "sessions_app.access.middleware.LoginMiddleware",
    "sessions_app.access.middleware.OwnerKeyMiddleware",
    "sessions_app.access.middleware.LoginDelayMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "habla_project.urls"
ASGI_APPLICATION = "habla_project.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": database(given.database_url, DATA_DIR)}
MODE_RESTRICTION.restrict_files(file_modes.database_files(DATABASES["default"]))

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

REDIS_URL = given.redis_url
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        # redis-py 8 would end an idle consumer every five seconds
        "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": None}]},
    }
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"},
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False
# files under their own names change with a release, so that browsers ask each time
WHITENOISE_MAX_AGE = 0
WHITENOISE_MIMETYPES = {".webmanifest": "application/manifest+json"}
MODULES = [
    "sessions_app/js/live_en.js",
    "sessions_app/js/live_es.js",
    "sessions_app/js/moments.js",
    "sessions_app/js/phone.js",
    "sessions_app/js/preferences.js",
    "sessions_app/js/waiting.js",
    "sessions_app/js/watch_en.js",
    "sessions_app/js/watch_es.js",
    "playback_app/js/recording_en.js",
    "playback_app/js/recording_es.js",
]
"""The ES modules that pages name; what they import is found by itself."""
LATER = ["sessions_app/js/faces.js"]
"""The ES modules that others load when they are first asked for."""
SCRIPTS = [
    "sessions_app/js/boot.js",
    "sessions_app/js/offline.js",
    "sessions_app/js/serviceworker.js",
    "sessions_app/js/worklet.js",
]
"""The other scripts: they import nothing, and nothing imports them."""
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "sessions_app.web.static_files.hashed_storage.HashedFilesStorage",
        "OPTIONS": {"modules": MODULES, "later": LATER, "scripts": SCRIPTS},
    },
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "media-src": ["'self'", "blob:"],
        "worker-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    },
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = given.are_cookies_secure
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
IS_PUBLISHED = SESSION_COOKIE_SECURE or bool(CSRF_TRUSTED_ORIGINS)
"""Whether the operator's settings speak of a proxy in front of this process."""
IS_HTTPS_OURS = False
"""Whether https ends in this process: set by `serve --https`."""
AUTHENTICATION_BACKENDS = [
    "sessions_app.access.login_backend.DelayingBackend",
    # authenticates nobody any more: it only keeps logins valid that it once made
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = ["sessions_app.access.hashing.PooledHasher"]
_VALIDATORS = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATORS}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATORS}.MinimumLengthValidator"},
    {"NAME": f"{_VALIDATORS}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATORS}.NumericPasswordValidator"},
]
IS_HTTPS = SESSION_COOKIE_SECURE or any(
    origin.lower().startswith("https://") for origin in CSRF_TRUSTED_ORIGINS
)
"""Whether this server is reached by https, so that browsers may be told to use only that."""
# cookies do not depend on the port: another Django on this host would overwrite ours, and we its
INSTALLATION = installation(SECRET_KEY)
SESSION_COOKIE_NAME = f"habla_session_{INSTALLATION}"
CSRF_COOKIE_NAME = f"habla_csrf_{INSTALLATION}"
LANGUAGE_COOKIE_NAME = "habla_language"
MESSAGES_COOKIE_NAME = f"habla_messages_{INSTALLATION}"
MESSAGE_STORAGE = "sessions_app.web.own_messages.HablaMessageStorage"
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {
            "()": "sessions_app.core.logs.lines.TextLineFormatter",
            "fmt": "%(asctime)s %(levelname)-7s %(name)s %(session)s  %(message)s",
        },
        "json": {
            "()": "sessions_app.core.logs.lines.JsonLineFormatter",
            "fmt": "%(asctime)s %(levelname)s %(name)s %(process)d %(session)s %(message)s",
        },
    },
    "filters": {
        "session": {"()": "sessions_app.core.logs.context.SessionFilter"},
        "request": {"()": "sessions_app.core.logs.lines.RequestFilter"},
        "rate_limit": {"()": "sessions_app.core.logs.lines.RateLimitFilter"},
        "worth": {"()": "django.utils.log.CallbackFilter", "callback": is_worth_a_line},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": given.log_format,
            "filters": ["worth", "request", "rate_limit", "session"],
        },
    },
    "loggers": {
        # Django's own handlers would not use our format
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        # the start is logged by our own line
        "daphne.server": {"level": "WARNING"},
        # they would log each URL that they request
        "httpx": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "huggingface_hub": {"level": "WARNING"},
        "faster_whisper": {"level": "WARNING"},
        # it warns of whatever others say in the network
        "zeroconf": {"level": "ERROR"},
    },
    "root": {"handlers": ["console"], "level": given.log_level},
}
