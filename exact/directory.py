"""Who gave the permission and which companies she may open: wire shapes (`exact.md` 4)."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from exact.payloads import Instant, Text, Wire
from exact.records import Division, Me

_SYSTEM_ARCHIVED = 2
"""`system/Divisions.Status`: 0 inactive, 1 active, 2 archived (`exact.md` 4)."""
_SYSTEM_INACTIVE = 0
_HRM_ARCHIVED = 1
"""`hrm/Divisions.Status`: 0 regular, 1 archived (`exact.md` 4)."""


class WireMe(Wire):
    """`current/Me`: a collection with one row, no division in its path."""

    path: ClassVar[str] = "current/Me"

    user_id: UUID = Field(alias="UserID")
    full_name: Text = ""
    email: Text = ""
    current_division: int
    division_customer_name: Text = ""
    language_code: Text = ""

    def record(self) -> Me:
        """The user as ours."""
        return Me(
            user_id=self.user_id,
            name=self.full_name,
            email=self.email,
            current_division=self.current_division,
            customer_name=self.division_customer_name,
            language=self.language_code,
        )


class WireSystemDivision(Wire):
    """`system/Divisions`: also across licences, with address; needs the scope organization administration."""

    path: ClassVar[str] = "system/Divisions"

    code: int
    description: Text = ""
    country: Text = ""
    address_line1: Text = ""
    address_line2: Text = ""
    address_line3: Text = ""
    postcode: Text = ""
    city: Text = ""
    state: Text = ""
    phone: Text = ""
    email: Text = ""
    vat_number: Text = Field(default="", alias="VATNumber")
    status: int | None = None
    blocking_status: int | None = None
    division_move_date: Instant = None
    division_hr_link_unlink_date: Instant = Field(default=None, alias="DivisionHRLinkUnlinkDate")

    def record(self) -> Division:
        """The company as ours."""
        return Division(
            code=self.code,
            name=self.description,
            country=self.country,
            lines=tuple(line for line in (self.address_line1, self.address_line2, self.address_line3) if line),
            postcode=self.postcode,
            city=self.city,
            state=self.state,
            phone=self.phone,
            email=self.email,
            vat_number=self.vat_number,
            is_archived=self.status in {_SYSTEM_ARCHIVED, _SYSTEM_INACTIVE},
            is_blocked=bool(self.blocking_status),
            moved_at=self.division_move_date,
            relinked_at=self.division_hr_link_unlink_date,
        )


class WireHrmDivision(Wire):
    """`hrm/Divisions`: companies of one licence, no scope needed, no address."""

    path: ClassVar[str] = "hrm/Divisions"

    code: int
    description: Text = ""
    country: Text = ""
    vat_number: Text = Field(default="", alias="VATNumber")
    status: int | None = None
    blocking_status: int | None = None

    def record(self) -> Division:
        """The company as ours."""
        return Division(
            code=self.code,
            name=self.description,
            country=self.country,
            lines=(),
            postcode="",
            city="",
            state="",
            phone="",
            email="",
            vat_number=self.vat_number,
            is_archived=self.status == _HRM_ARCHIVED,
            is_blocked=bool(self.blocking_status),
            moved_at=None,
            relinked_at=None,
        )
