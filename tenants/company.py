"""The columns of a tenant that people may set."""

import re
import unicodedata
from dataclasses import asdict, dataclass
from zoneinfo import ZoneInfo

from django.utils import timezone

from connector_site.lib.wording import said
from tenants.models import Tenant
from tenants.shipping_switch import plan_anew

_ADDRESS = re.compile(r"://|\bwww\d*\.|\w[.\u3002\uff0e\uff61]\w{2,}[/:?#]|\w@\w", re.IGNORECASE)
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


class NameRefused(ValueError):
    """The name of a company stands in mails to strangers and cannot be this; the text says why."""


def proper_name(text: str) -> str:
    """The name of a company with single blanks; raises `NameRefused`."""
    if any(unicodedata.category(sign) in _UNSEEN for sign in text):
        raise NameRefused(said("Write the name on one line, without invisible signs."))
    if _ADDRESS.search(text):
        raise NameRefused(said("Write the name alone, without a web or e-mail address."))
    return " ".join(text.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanySettings:
    """What holds for the whole company."""

    name: str
    time_zone: str
    language: str
    weight_unit: str
    brand_colour: str


def settings_of(tenant: Tenant) -> CompanySettings:
    """As they are now."""
    return CompanySettings(
        name=tenant.name,
        time_zone=tenant.time_zone,
        language=tenant.language,
        weight_unit=tenant.weight_unit,
        brand_colour=tenant.brand_colour,
    )


def change_settings(tenant: Tenant, new: CompanySettings) -> list[str]:
    """Save what differs, in the open transaction; returns the names of what was changed."""
    ZoneInfo(new.time_zone)
    now = asdict(settings_of(tenant))
    changed = {name: value for name, value in asdict(new).items() if value != now[name]}
    if changed:
        Tenant.objects.filter(pk=tenant.pk).update(**changed)
    if "weight_unit" in changed:
        plan_anew(tenant.pk, at=timezone.now())
    return sorted(changed)
