"""The columns of a tenant that people may set."""

from dataclasses import asdict, dataclass
from zoneinfo import ZoneInfo

from tenants.models import Tenant


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
    return sorted(changed)
