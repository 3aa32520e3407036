"""The address of an account that was set up without one."""

import uuid

from audit.models import Event
from audit.record import Happening, happenings
from ups.accounts import has_address
from ups.credentials import SUBJECT_KIND
from ups.models import SEALED, Account
from ups.shipment_spec import PartySpec


def give_address(tenant_id: uuid.UUID, party: PartySpec) -> list[Account]:
    """Make this the shipper's address of each account that has none; gives those. Inside the tenant's context."""
    rows = Account.objects.select_for_update().defer(*SEALED).filter(tenant_id=tenant_id).order_by("pk")
    bare = [account for account in rows if not has_address(account)]
    columns = address_columns(party)
    for account in bare:
        for name, value in columns.items():
            setattr(account, name, value)
        account.save(update_fields=list(columns))
    happenings(
        tenant_id,
        [
            Happening(
                kind=Event.Kind.CHANGED,
                subject_kind=SUBJECT_KIND,
                subject=account.code,
                details={"fields": sorted(columns)},
            )
            for account in bare
        ],
    )
    return bare


def address_columns(party: PartySpec) -> dict[str, str]:
    """A party as the columns of an account or of a ship-from address."""
    lines = (*party.address_lines, "", "", "")
    return {
        "company_name": party.name,
        "attention_name": party.attention,
        "address_line_1": lines[0],
        "address_line_2": lines[1],
        "address_line_3": lines[2],
        "postal_code": party.postal_code,
        "city": party.city,
        "state": party.state,
        "country": party.country,
        "phone": party.phone,
        "email": party.email,
    }
