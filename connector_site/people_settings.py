"""Settings about people that hold everywhere: how they sign up and in, what proves them, and how often they may try."""

AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "tenants.accounts.SitePeople"
ACCOUNT_FORMS = {"signup": "tenants.forms.InvitedSignupForm"}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {
    "login_failed": "5/15m/key,30/15m/ip",
    "login_of_account": "1000/1h/key",
    "signup": "20/1h/ip",
    "reset_password": "20/1h/ip,5/15m/key",
    "change_password": "5/15m/user",
    "confirm_email": "1/10s/key",
    "reauthenticate": "10/15m/user",
}
"""Five wrong tries in a quarter of an hour (`reliability.md` 5, ASVS 6.3.1); codes are wrong three times at most.

Per account, whatever the address, only wrong passwords count, and a thousand of them are allowed an hour: our own
bound. One address has twenty of them, so that it takes fifty addresses at work to shut a person out, and she may still
come in with a passkey or a new password by mail. It bounds guessing from many places; passwords are long and a second
factor follows.
"""
MFA_ADAPTER = "tenants.mfa.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_FORMS = {
    "authenticate": "tenants.one_time_codes.AuthenticateOnceForm",
    "reauthenticate": "tenants.one_time_codes.ReauthenticateOnceForm",
    "authenticate_webauthn": "tenants.passkey_forms.AuthenticateToldForm",
    "reauthenticate_webauthn": "tenants.passkey_forms.ReauthenticateToldForm",
    "login_webauthn": "tenants.passkey_forms.LoginToldForm",
}
MFA_TOTP_TOLERANCE = 1
"""A clock may be half a minute wrong; each code is taken once."""
MFA_TOTP_ISSUER = "ml-connector"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
