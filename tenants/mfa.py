"""The second factor's secrets at rest, and which factor may go (`settings.MFA_ADAPTER`)."""

from functools import lru_cache

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.translation import gettext as _
from fernet_fields.hkdf import derive_fernet_key

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
"""What counts as a second factor; recovery codes only stand in for one."""
SEALED: dict[str, str] = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}
"""What is encrypted within `Authenticator.data`, by type, also for `reencrypt`; a passkey's data are public."""


class SecondFactors(DefaultMFAAdapter):
    """Encrypts what an authenticator app and recovery codes are made of, and keeps the last factor."""

    def encrypt(self, text: str) -> str:
        """Under the newest key."""
        return _fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """With whichever key it was encrypted; raises InvalidToken when that key is gone."""
        return _fernet().decrypt(encrypted_text.encode()).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whether another factor remains: every member needs one (`reliability.md` 5)."""
        if authenticator.type not in FACTORS:
            return True
        others = Authenticator.objects.filter(user_id=authenticator.user_id, type__in=FACTORS)
        return others.exclude(pk=authenticator.pk).exists()

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:  # noqa: A002  allauth's own name
        """What a passkey is called until its owner names it."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("Passkey {number}").format(number=count + 1)


def _fernet() -> MultiFernet:
    return _of_keys(tuple(settings.FERNET_KEYS))


@lru_cache(maxsize=4)
def _of_keys(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([_key(key) for key in keys])


def _key(words: str) -> Fernet:
    return Fernet(derive_fernet_key(words))  # type: ignore[no-untyped-call]
