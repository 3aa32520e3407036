"""The second factor's secrets at rest, and which factor may go (`settings.MFA_ADAPTER`).

What is stored names its person and its kind, as every sealed column does (`connector_site.lib.secrets`). allauth's own
`encrypt` and `decrypt` are not told whose secret it is: so each authenticator marks its secret as it is made or read.
"""

from typing import Any, Self

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models.signals import post_init
from django.utils.translation import gettext as _

from connector_site.lib.sealed_text import seal_text, unseal_text
from connector_site.lib.secrets import WrongOwner

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
"""What counts as a second factor; recovery codes only stand in for one."""
SEALED: dict[str, str] = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}
"""What is encrypted within `Authenticator.data`, by type, also for `reencrypt`; a passkey's data are public."""
_NOBODY = "nobody yet"
_NEW = "new second factor"


class SealedText(str):
    """A stored secret with the person and the kind of the row it was found in."""

    __slots__ = ("owner", "purpose")
    owner: str
    purpose: str

    def __new__(cls, text: str, *, owner: str, purpose: str) -> Self:
        """The text as it is stored."""
        made = super().__new__(cls, text)
        made.owner, made.purpose = owner, purpose
        return made


class SecondFactors(DefaultMFAAdapter):
    """Encrypts what an authenticator app and recovery codes are made of, and keeps the last factor."""

    def encrypt(self, text: str) -> str:
        """For nobody yet: the authenticator that it is put into makes it its person's (`bind`)."""
        return seal_text(text, owner=_NOBODY, purpose=_NEW)

    def decrypt(self, encrypted_text: str) -> str:
        """The secret of the row it was read from; raises one of `secrets.UNREADABLE` for any other."""
        if not isinstance(encrypted_text, SealedText):
            raise WrongOwner(_NEW)
        return str(unseal_text(encrypted_text, owner=encrypted_text.owner, purpose=encrypted_text.purpose))

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


def bind(*, instance: Authenticator, **_: Any) -> None:
    """A new authenticator's secret becomes that of its person; one that was read is marked as what its row is for."""
    if not {"user_id", "type", "data"} <= instance.__dict__.keys() or instance.type not in SEALED:
        return
    part, owner, purpose = SEALED[instance.type], owner_of(instance.user_id), str(instance.type)
    text = instance.data.get(part, "")
    if not instance.pk:
        text = seal_text(unseal_text(text, owner=_NOBODY, purpose=_NEW), owner=owner, purpose=purpose)
    instance.data[part] = SealedText(text, owner=owner, purpose=purpose)


def owner_of(user_id: int) -> str:
    """How a stored secret names its person."""
    return f"user {user_id}"


def connect() -> None:
    """Bind from now on; called once, when the app is ready."""
    post_init.connect(bind, sender=Authenticator, dispatch_uid="tenants.mfa.bind")
