"""One settings file: everything a city may change comes from the environment, and a wrong value stops the start."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parents[2]


def env(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def env_bool(name: str, default: bool) -> bool:
    value = env(name).lower()
    if value not in ("", "0", "1", "true", "false", "yes", "no"):
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")
    return default if value == "" else value in ("1", "true", "yes")


def env_int(name: str, default: int) -> int:
    try:
        return int(env(name) or default)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {env(name)!r}.") from None


DATA_DIR = Path(env("DATA_DIR") or ROOT / "var").resolve()
CITY = env("CITY", "shenzhen")
CITY_DIR = Path(env("CITY_DIR") or ROOT / "cities" / CITY)
if not (CITY_DIR / "city.yaml").is_file():
    raise ImproperlyConfigured(f"There is no city in {CITY_DIR} (city.yaml). Check CITY or CITY_DIR.")
# The demo prints logins and shows text messages on a page: never behind a real address unless it is asked for.
DEMO = env_bool("MINJING_DEMO", not env("BASE_URL").startswith("https://"))
DEBUG = env_bool("DEBUG", False)


def of_stand_in(name: str, demo: str) -> str:
    """Return the setting `name`, in the demo its stand-in's; a real city has no provider that it did not name."""
    return env(name) or (demo if DEMO else "")


def secret(name: str) -> str:
    """Return the secret `name` from the environment or from a file of mode 600 made at the first start."""
    if env(name):
        return env(name)
    path = DATA_DIR / "keys" / name.lower()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Written beside it and linked when it is whole: several processes start at once, and the first to link wins.
        written, new = tempfile.mkstemp(dir=path.parent)
        with open(written, "w") as handle:
            handle.write(os.urandom(32).hex())
        with suppress(FileExistsError):
            os.link(new, path)
        os.unlink(new)
    return path.read_text()


SECRET_KEY = secret("SECRET_KEY")
# Wraps the key of each person; it must never lie in the database or in its backups.
MASTER_KEY = bytes.fromhex(secret("MASTER_KEY"))
# Keys the blind indexes by which an ID number or a phone is found without being stored in the clear.
INDEX_KEY = bytes.fromhex(secret("INDEX_KEY"))

PORT = env_int("PORT", 8000)
BASE_URL = env("BASE_URL") or f"http://localhost:{PORT}"
SECURE = BASE_URL.startswith("https://")
ALLOWED_HOSTS = [h for h in env("ALLOWED_HOSTS").split(",") if h] or ["localhost", "127.0.0.1", "[::1]"]
if urlsplit(BASE_URL).hostname not in ALLOWED_HOSTS:
    ALLOWED_HOSTS.append(urlsplit(BASE_URL).hostname or "localhost")
CSRF_TRUSTED_ORIGINS = [BASE_URL]

INSTALLED_APPS = [
    "minjing.modules.exit_entry",
    "minjing.modules.help_desk",
    "minjing.modules.household",
    "minjing.modules.supervision",
    "minjing.modules.traffic",
    "minjing.portals.api",
    "minjing.portals.open",
    "minjing.portals.officer",
    "minjing.portals.citizen",
    "minjing.portals.kiosk",
    "minjing.portals.frame",
    "minjing.kernel.matters",
    "minjing.kernel.booking",
    "minjing.kernel.pay",
    "minjing.kernel.papers",
    "minjing.kernel.notify",
    "minjing.kernel.files",
    "minjing.kernel.identity",
    "minjing.kernel.watch",
    "minjing.kernel.ledger",
    "procrastinate.contrib.django",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
    "django_htmx",
    "ninja",  # its pages of the API description come from here, not from a CDN
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "minjing.portals.frame.middleware.ContentPolicy",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "minjing.portals.frame.middleware.Language",
    "django.middleware.common.CommonMiddleware",
    "minjing.portals.frame.promises.Promises",
    "minjing.portals.api.programs.Programs",  # what follows is for pages
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "minjing.kernel.identity.middleware.ActorMiddleware",
    "minjing.portals.kiosk.access.KioskOnly",
    "minjing.portals.frame.middleware.FormsOnly",  # its page needs to know who is signed in, as the next one's
    "minjing.portals.frame.middleware.CleanInput",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "minjing.site.urls"
WSGI_APPLICATION = "minjing.site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "minjing.portals.frame.language.frame",
            ],
        },
    }
]


def database(url: str) -> dict[str, Any]:
    """Return Django's settings for a postgresql:// address, sockets (?host=/path) included."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ImproperlyConfigured("DATABASE_URL must start with postgresql://")
    query = {k: v[0] for k, v in parse_qs(parts.query).items()}
    return {
        "ENGINE": "minjing.site.database",
        "NAME": unquote(parts.path.lstrip("/")) or "minjing",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host") or parts.hostname or "",
        "PORT": parts.port or query.get("port") or "",
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "TEST": {"NAME": env("MINJING_TEST_DB") or "minjing_test"},
    }


# Without DATABASE_URL the command line starts the embedded PostgreSQL and sets it before settings load.
DATABASES = {"default": database(env("DATABASE_URL") or f"postgresql://postgres@/minjing?host={DATA_DIR / 'pg'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "identity.Account"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
# ASVS 5.0 §6.2: length and known-bad lists, no composition rules.
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# django-axes: failures count per login *and* address, so that nobody can lock a chosen officer out from elsewhere
# (ASVS 5.0 §6.3); failures per address over all logins are counted in identity.limits.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "username"  # as `authenticate` is called, not the name of the model's field
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "login", "password"]  # people type passwords into either
AXES_VERBOSE = False
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_ON_SUCCESS = True
# Its middleware would answer a lock-out with a page of its own, which tells that the login exists to be locked.
SILENCED_SYSTEM_CHECKS = ["axes.W002"]
AXES_DISABLE_ACCESS_LOG = True  # successful sign-ins stand in the ledger
AXES_CLIENT_IP_CALLABLE = "minjing.kernel.identity.clients.address"
# How often one API token may ask in a minute, in each web process; 0: as often as it likes.
API_PER_MINUTE = env_int("API_PER_MINUTE", 600)
# How many proxies in front of us append to X-Forwarded-For; 0: the address of the connection counts.
TRUSTED_PROXIES = env_int("TRUSTED_PROXIES", 0)
# django-allauth keeps the second factors; its own pages are not routed.
ACCOUNT_USER_MODEL_USERNAME_FIELD = "login"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
MFA_ADAPTER = "minjing.kernel.identity.second_factor.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_ISSUER = "Minjing"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE  # browsers allow passkeys on http://localhost too
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True  # served from where they lie: no collecting step before a start
WHITENOISE_MAX_AGE = 3600
FILES_DIR = DATA_DIR / "files"
LEDGER_DIR = Path(env("LEDGER_DIR") or DATA_DIR / "ledger")  # public: any static server may hand it out
# What the log bound itself to: never in a backup, so that an old one that is restored is noticed.
LEDGER_GUARD = Path(env("LEDGER_GUARD") or DATA_DIR / "guard" / "ledger.guard")
LEDGER_SM2 = env_bool("LEDGER_SM2", False)  # a third signature line, by openssl
# Which witnesses must cosign before a checkpoint is published; read by the public too (docs/howto/run-a-witness.md).
LEDGER_POLICY = Path(env("LEDGER_POLICY") or DATA_DIR / "keys" / "policy.txt")

# The SMS provider: real ones and the local stand-in speak the same HTTP.
SMS_URL = of_stand_in("SMS_URL", f"http://127.0.0.1:{PORT + 1}/sms/v1/send")
SMS_KEY = of_stand_in("SMS_KEY", "demo")
SMS_SENDER = env("SMS_SENDER") or "民警"  # the name before the text, as registered with the provider
# Where dispatch systems send missions and tracks by MQTT: mqtt[s]://user:password@host:port; none: by HTTP alone.
DISPATCH_MQTT_URL = of_stand_in("DISPATCH_MQTT_URL", f"mqtt://127.0.0.1:{PORT + 15}")
DISPATCH_MQTT_CA = env("DISPATCH_MQTT_CA")  # the authority of an mqtts broker, a file; empty: those of the system
SMS_INBOX_URL = env("SMS_INBOX_URL") or f"http://127.0.0.1:{PORT + 1}/inbox"
# Who takes payments: modules with `channels()` (kernel/pay/providers), in the order in which payers see them.
PAY_HOUSES = "wechat,alipay,unionpay" if DEMO else ""
PAY_PROVIDERS = [
    m if "." in m else f"minjing.kernel.pay.providers.{m}"
    for m in (env("PAY_PROVIDERS") or PAY_HOUSES).split(",")
    if m
]
# Each house: where its gateway is, who we are there, and the folder with the keys; the demo's are made at its start.
# docs/howto/take-payments.md names the files. A real city's keys lie under DATA_DIR/keys, never under outside/.
PAY_KEYS = Path(env("PAY_KEYS") or DATA_DIR / ("outside" if DEMO else "keys"))
WECHAT_PAY_URL = env("WECHAT_PAY_URL") or (
    f"http://127.0.0.1:{PORT + 6}" if DEMO else "https://api.mch.weixin.qq.com"
)
WECHAT_PAY_MCHID = of_stand_in("WECHAT_PAY_MCHID", "1900000001")
# Openids are an account's own: who pays inside WeChat is known by the official account's, so it must be the same one.
WECHAT_PAY_APPID = env("WECHAT_PAY_APPID") or env("WECHAT_APP_ID") or ("wx0000demo00000000" if DEMO else "")
WECHAT_PAY_DIR = Path(env("WECHAT_PAY_DIR") or PAY_KEYS / "wechat_pay")
# Pages that stand for the WeChat app where there is none: pay with JSAPI's parameters, scan a QR code. Demo only.
WECHAT_PAY_JSAPI_PAGE = f"{WECHAT_PAY_URL}/wechat/pay" if DEMO else ""
WECHAT_PAY_SCAN_PAGE = f"{WECHAT_PAY_URL}/wechat/scan" if DEMO else ""
ALIPAY_URL = env("ALIPAY_URL") or (
    f"http://127.0.0.1:{PORT + 7}/gateway.do" if DEMO else "https://openapi.alipay.com/gateway.do"
)
ALIPAY_APP_ID = of_stand_in("ALIPAY_APP_ID", "2021000000000001")
ALIPAY_SELLER_ID = of_stand_in("ALIPAY_SELLER_ID", "2088000000000001")
ALIPAY_DIR = Path(env("ALIPAY_DIR") or PAY_KEYS / "alipay")
ALIPAY_LOGIN_URL = env("ALIPAY_LOGIN_URL") or (
    f"http://127.0.0.1:{PORT + 7}/oauth2/publicAppAuthorize.htm"
    if DEMO
    else "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm"
)
UNIONPAY_URL = env("UNIONPAY_URL") or (f"http://127.0.0.1:{PORT + 8}" if DEMO else "https://gateway.95516.com")
UNIONPAY_FILE_URL = env("UNIONPAY_FILE_URL") or (
    f"http://127.0.0.1:{PORT + 8}/" if DEMO else "https://filedownload.95516.com/"
)
UNIONPAY_MERCHANT = of_stand_in("UNIONPAY_MERCHANT", "777290000000001")
UNIONPAY_DIR = Path(env("UNIONPAY_DIR") or PAY_KEYS / "unionpay")
UNIONPAY_PFX_PASSWORD = of_stand_in("UNIONPAY_PFX_PASSWORD", "000000")
# Where gateways tell us of payments, if that is another address than the payers'.
PAY_NOTIFY_URL = env("PAY_NOTIFY_URL") or BASE_URL
# The second one takes over when the first is down: Alibaba Cloud's protocol; "none" leaves the demo with one.
SMS_B_URL = of_stand_in("SMS_B_URL", f"http://127.0.0.1:{PORT + 5}/").removeprefix("none")
SMS_B_KEY_ID = of_stand_in("SMS_B_KEY_ID", "demo-key-id")
SMS_B_KEY = of_stand_in("SMS_B_KEY", "demo")
SMS_B_TEMPLATE = env("SMS_B_TEMPLATE") or "SMS_100000001"  # the approved template whose one variable is `text`
# A third, or instead of the second: Tencent Cloud's protocol (https://sms.tencentcloudapi.com/); empty: none.
SMS_C_URL, SMS_C_REGION = env("SMS_C_URL"), env("SMS_C_REGION") or "ap-guangzhou"
SMS_C_KEY_ID, SMS_C_KEY = of_stand_in("SMS_C_KEY_ID", "demo-key-id"), of_stand_in("SMS_C_KEY", "demo")
SMS_C_APP_ID = env("SMS_C_APP_ID") or "1400000001"
SMS_C_TEMPLATE = env("SMS_C_TEMPLATE") or "1000001"  # the approved template whose one variable is the text
# Of a hundred messages, how many each is given first while all are well.
SMS_SHARES = {
    "house": env_int("SMS_SHARE", 60),
    "aliyun": env_int("SMS_B_SHARE", 40),
    "tencent": env_int("SMS_C_SHARE", 40),
}
# The WeChat official account: its API, the page that says whose WeChat it is, the keys of its callback (AES mode).
WECHAT_API_URL = of_stand_in("WECHAT_API_URL", f"http://127.0.0.1:{PORT + 9}")
WECHAT_OPEN_URL = of_stand_in("WECHAT_OPEN_URL", f"http://127.0.0.1:{PORT + 9}")
WECHAT_APP_ID = of_stand_in("WECHAT_APP_ID", "wx0000demo00000000")
WECHAT_SECRET = of_stand_in("WECHAT_SECRET", "demo")
WECHAT_TOKEN = of_stand_in("WECHAT_TOKEN", "demo-token")
# 43 signs, as WeChat gives it
WECHAT_AES_KEY = of_stand_in("WECHAT_AES_KEY", "ZGVtby1kZW1vLWRlbW8tZGVtby1kZW1vLWRlbW8tISE")
WECHAT_TEMPLATE = env("WECHAT_TEMPLATE") or "demo-progress"  # thing1, character_string2, thing3, time4
WECHAT_PHONE_URL = env("WECHAT_PHONE_URL") or f"http://127.0.0.1:{PORT + 9}/phone"  # of the demo
# E-mail by SMTP; in the demo the mailboxes are a page.
MAIL_HOST = env("MAIL_HOST") or "127.0.0.1"
MAIL_PORT = env_int("MAIL_PORT", PORT + 10)
MAIL_USER, MAIL_PASSWORD = env("MAIL_USER"), env("MAIL_PASSWORD")
MAIL_TLS = env_bool("MAIL_TLS", not DEMO)
MAIL_FROM = env("MAIL_FROM") or "民生警务 <notice@minjing.example>"
MAIL_PAGE_URL = env("MAIL_PAGE_URL") or f"http://127.0.0.1:{PORT + 14}/"
# Web Push: our key, by which browsers know us, and the push services that may be called; ".x" means all below x.
VAPID_KEY = secret("VAPID_KEY")
PUSH_HOSTS = [h for h in env("PUSH_HOSTS").split(",") if h] or [
    "fcm.googleapis.com", "updates.push.services.mozilla.com", ".push.apple.com", ".notify.windows.com",
    *([f"127.0.0.1:{PORT + 11}"] if DEMO else []),
]  # fmt: skip
FONTS_DIR = ROOT / "minjing" / "kernel" / "papers" / "fonts"  # of everything that is printed
# When telephones are left in peace, China time; urgent notices and codes ring all the same. "none": never. The demo's
# telephones are a page, and who tries it at night wants to see what comes.
NOTIFY_QUIET_HOURS = env("NOTIFY_QUIET_HOURS") or ("none" if DEMO else "22:00-08:00")
# The bridge to a card reader beside the browser, as the browser reaches it, and the list of readers that count.
CARD_READER_URL = env("CARD_READER_URL") or (f"ws://127.0.0.1:{PORT + 13}" if DEMO else "ws://127.0.0.1:9413")
CARD_READERS = Path(
    env("CARD_READERS") or DATA_DIR / ("outside/card_reader/registered.json" if DEMO else "keys/card_readers.json")
)
# Whether the machine's comparison of two faces decides. Off: an officer confirms each one (docs/face.md says why).
FACE_DECIDES = env_bool("FACE_DECIDES", False)
# The postal carrier that brings documents: a real one and the local stand-in speak the same HTTP.
CARRIER_URL = of_stand_in("CARRIER_URL", f"http://127.0.0.1:{PORT + 12}")
CARRIER_ACCOUNT = env("CARRIER_ACCOUNT") or "minjing"
CARRIER_KEY = of_stand_in("CARRIER_KEY", "demo")
CARRIER_CALLBACK = env("CARRIER_CALLBACK")  # empty: under BASE_URL
# The relay of private numbers (traffic: moving a car): Alibaba Cloud's dyplsapi or the local stand-in.
RELAY_URL = of_stand_in("RELAY_URL", f"http://127.0.0.1:{PORT + 16}")
RELAY_KEY_ID = of_stand_in("RELAY_KEY_ID", "demo-key-id")
RELAY_KEY = of_stand_in("RELAY_KEY", "demo")
RELAY_POOL = env("RELAY_POOL") or "FC100000000000001"
# The authoritative population register (identity/providers/register.py); empty: the household module answers.
REGISTER_URL, REGISTER_KEY = env("REGISTER_URL"), env("REGISTER_KEY")
if REGISTER_URL and len(REGISTER_KEY) < 32:
    raise ImproperlyConfigured("REGISTER_URL needs a REGISTER_KEY of 32 characters or more.")
# A national register of vehicles and licences (docs/registers_protocol.md); empty: the built-in one answers.
TRAFFIC_REGISTER_URL, TRAFFIC_REGISTER_KEY = env("TRAFFIC_REGISTER_URL"), env("TRAFFIC_REGISTER_KEY")
if TRAFFIC_REGISTER_URL and len(TRAFFIC_REGISTER_KEY) < 32:
    raise ImproperlyConfigured("TRAFFIC_REGISTER_URL needs a TRAFFIC_REGISTER_KEY of 32 characters or more.")
CLAMD_SOCKET = env("CLAMD_SOCKET")  # unix:/path or tcp:host:port; empty: no virus scan

# What the parts keep of their acts beside the ledger: the monitor compares it with the entries, without loading them.
WATCH_RECORDS = [
    "minjing.kernel.matters.records.MATTERS",
    "minjing.kernel.papers.records.PAPERS",
    "minjing.kernel.files.records.FILES",
    "minjing.kernel.identity.records.LOOK_NOTES",
    "minjing.kernel.identity.records.HIDDEN_LOOKS",
    "minjing.kernel.booking.records.VISITS",
    "minjing.kernel.pay.records.CAPTURES",
    "minjing.modules.household.records.REGISTER",
]

# Cookies: over http the browser would refuse the __Host- prefix, so it comes with https.
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_ENGINE = "minjing.kernel.identity.sessions"  # keys hashed, limits in identity/sessions.py
SESSION_EXPIRE_AT_BROWSER_CLOSE = True  # the cookie has no date: the server keeps the limits
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "minjing.portals.citizen.views.stale.token_refused"
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'self'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
