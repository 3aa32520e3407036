"""The parts that we read of what UPS sends about parcels: Tracking answers, pushes, Quantum View answers.

As in `ups.payloads` any text may be a number, any list one object, any object `""` or null. Texts are cut to what a row
of the history holds; `ParcelEvent.raw` keeps them whole.
"""

from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel, to_pascal

from ups.events import Place
from ups.payloads import as_list, as_object, clean_text, json_object

_NUL = b"\\u0000"
_TYPE_CHARACTERS = 10
_CODE_CHARACTERS = 4
_DESCRIPTION_CHARACTERS = 250
_NAME_CHARACTERS = 100
_CITY_CHARACTERS = 60
_STATE_CHARACTERS = 30
_POSTAL_CODE_CHARACTERS = 15
_COUNTRY_CHARACTERS = 3


def sent_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in a body, as `json_object`, without the NUL characters that no database takes."""
    parsed = json_object(body)
    if parsed is None or _NUL not in body:
        return parsed
    without: dict[str, Any] = _without_nul(parsed)
    return without


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list):
        return [_without_nul(element) for element in value]
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(element) for name, element in value.items()}
    return value


def _cut(characters: int, value: object) -> str:
    return clean_text(value)[:characters]


def _capitals(characters: int, value: object) -> str:
    """Capitals may be more than the letters they are made of: cut last."""
    return clean_text(value).upper()[:characters]


Text = Annotated[str, BeforeValidator(clean_text)]
Number = Annotated[str, BeforeValidator(lambda value: clean_text(value).upper())]
Type = Annotated[str, BeforeValidator(partial(_capitals, _TYPE_CHARACTERS))]
Code = Annotated[str, BeforeValidator(partial(_capitals, _CODE_CHARACTERS))]
Description = Annotated[str, BeforeValidator(partial(_cut, _DESCRIPTION_CHARACTERS))]
PersonName = Annotated[str, BeforeValidator(partial(_cut, _NAME_CHARACTERS))]
City = Annotated[str, BeforeValidator(partial(_cut, _CITY_CHARACTERS))]
State = Annotated[str, BeforeValidator(partial(_cut, _STATE_CHARACTERS))]
PostalCode = Annotated[str, BeforeValidator(partial(_cut, _POSTAL_CODE_CHARACTERS))]
Country = Annotated[str, BeforeValidator(partial(_capitals, _COUNTRY_CHARACTERS))]
Objects = Annotated[list[dict[str, Any]], BeforeValidator(as_list)]


class _Camel(BaseModel):
    """Names as the Tracking API and Track Alert write them; what is missing is empty."""

    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=True)


class _Pascal(BaseModel):
    """Names as Quantum View writes them; what is missing is empty."""

    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_pascal, populate_by_name=True)


class TrackingStatus(_Camel):
    """A status of the Tracking API; the three digits stand in `code` at times (`ups.md` 8)."""

    type: Type = ""
    code: Code = ""
    status_code: Text = ""
    description: Description = ""
    simplified_text_description: Description = ""


class TrackingAddress(_Camel):
    """An address of the Tracking API, most of it empty as a rule."""

    city: City = ""
    state_province: State = ""
    postal_code: PostalCode = ""
    country_code: Country = ""
    country: Country = ""

    @property
    def place(self) -> Place:
        """The address as a place."""
        country = self.country_code or self.country
        return Place(city=self.city, state=self.state_province, postal_code=self.postal_code, country=country)


class TrackingLocation(_Camel):
    """Where an activity took place."""

    address: Annotated[TrackingAddress, BeforeValidator(as_object)] = TrackingAddress()


class TrackingActivity(_Camel):
    """One scan of the Tracking API."""

    location: Annotated[TrackingLocation, BeforeValidator(as_object)] = TrackingLocation()
    status: Annotated[TrackingStatus, BeforeValidator(as_object)] = TrackingStatus()
    date: Text = ""
    time: Text = ""
    gmt_date: Text = ""
    gmt_time: Text = ""
    gmt_offset: Text = ""


class DeliveryDate(_Camel):
    """A delivery date or time: scheduled, rescheduled or real."""

    type: Type = ""
    date: Text = ""
    end_time: Text = ""


class PackageAddress(_Camel):
    """Where a parcel comes from or goes to."""

    type: Text = ""
    address: Annotated[TrackingAddress, BeforeValidator(as_object)] = TrackingAddress()


class DeliveryInformation(_Camel):
    """Who took the parcel."""

    received_by: PersonName = ""


class AlternateNumber(_Camel):
    """A replacement or postal number of the same parcel."""

    number: Number = ""


class TrackedPackage(_Camel):
    """One parcel of the Tracking API; activities stay as sent."""

    tracking_number: Number = ""
    activity: Objects = []
    current_status: Annotated[TrackingStatus, BeforeValidator(as_object)] = TrackingStatus()
    delivery_date: Annotated[list[DeliveryDate], BeforeValidator(as_list)] = []
    delivery_time: Annotated[DeliveryDate, BeforeValidator(as_object)] = DeliveryDate()
    package_address: Annotated[list[PackageAddress], BeforeValidator(as_list)] = []
    delivery_information: Annotated[DeliveryInformation, BeforeValidator(as_object)] = DeliveryInformation()
    alternate_tracking_number: Annotated[list[AlternateNumber], BeforeValidator(as_list)] = []
    package_count: Text = ""


class TrackingWarning(_Camel):
    """A remark on the number that was asked for."""

    code: Text = ""
    message: Description = ""


class TrackedShipment(_Camel):
    """What was found under a number."""

    inquiry_number: Number = ""
    package: Annotated[list[TrackedPackage], BeforeValidator(as_list)] = []
    warnings: Annotated[list[TrackingWarning], BeforeValidator(as_list)] = []


class TrackResponse(_Camel):
    """The answer of the Tracking API."""

    shipment: Annotated[list[TrackedShipment], BeforeValidator(as_list)] = []


class PushedStatus(_Camel):
    """The status in a push; `description_code` are the three digits, which the schema does not name."""

    type: Type = ""
    code: Code = ""
    description: Description = ""
    description_code: Text = ""


class PushedPlace(_Camel):
    """The place in a push."""

    city: City = ""
    state_province: State = ""
    postal_code: PostalCode = ""
    country: Country = ""

    @property
    def place(self) -> Place:
        """The same as a place."""
        return Place(city=self.city, state=self.state_province, postal_code=self.postal_code, country=self.country)


class Push(_Camel):
    """The body of a push (`ups.md` 10.3)."""

    tracking_number: Number = ""
    local_activity_date: Text = ""
    local_activity_time: Text = ""
    activity_location: Annotated[PushedPlace, BeforeValidator(as_object)] = PushedPlace()
    activity_status: Annotated[PushedStatus, BeforeValidator(as_object)] = PushedStatus()
    scheduled_delivery_date: Text = ""
    gmt_activity_date: Text = ""
    gmt_activity_time: Text = ""
    gmt_offset: Text = ""
    received_by: PersonName = ""


class AddressArtifact(_Pascal):
    """An address of Quantum View; division 2 is the city, 1 the state, 3 the town (`ups.md` 11)."""

    political_division1: State = ""
    political_division2: City = ""
    political_division3: City = ""
    postcode_primary_low: PostalCode = ""
    country_code: Country = ""

    @property
    def place(self) -> Place:
        """The address as a place."""
        return Place(
            city=self.political_division2 or self.political_division3,
            state=self.political_division1,
            postal_code=self.postcode_primary_low,
            country=self.country_code,
        )


class ViewLocation(_Pascal):
    """A place of Quantum View; for a delivery with who signed."""

    address_artifact_format: Annotated[AddressArtifact, BeforeValidator(as_object)] = AddressArtifact()
    description: Description = ""
    signed_for_by_name: PersonName = ""


class ViewMoment(_Pascal):
    """A local date and time."""

    date: Text = ""
    time: Text = ""


class ViewCode(_Pascal):
    """A code and its description."""

    code: Text = ""
    description: Description = ""


class FailureNotification(_Pascal):
    """An e-mail of UPS that could not be delivered."""

    failure_notification_code: Annotated[ViewCode, BeforeValidator(as_object)] = ViewCode()


class ViewRecord(_Pascal):
    """A record about one parcel: `Origin`, `Exception`, `Delivery` and `Generic` share most of their fields."""

    tracking_number: Number = ""
    date: Text = ""
    time: Text = ""
    activity: Annotated[ViewMoment, BeforeValidator(as_object)] = ViewMoment()
    activity_location: Annotated[ViewLocation, BeforeValidator(as_object)] = ViewLocation()
    delivery_location: Annotated[ViewLocation, BeforeValidator(as_object)] = ViewLocation()
    activity_type: Code = ""
    status_code: Code = ""
    status_description: Description = ""
    reason_description: Description = ""
    resolution: Annotated[ViewCode, BeforeValidator(as_object)] = ViewCode()
    failure_notification: Annotated[FailureNotification, BeforeValidator(as_object)] = FailureNotification()
    scheduled_delivery_date: Text = ""
    rescheduled_delivery_date: Text = ""
    access_point: Annotated[str, BeforeValidator(clean_text), Field(alias="AccessPointLocationID")] = ""
    last_pickup_date: Text = ""


class ManifestAddress(_Pascal):
    """An address of a manifest, which is written otherwise than those of scans."""

    city: City = ""
    state_province_code: State = ""
    postal_code: PostalCode = ""
    country_code: Country = ""

    @property
    def place(self) -> Place:
        """The address as a place."""
        return Place(
            city=self.city, state=self.state_province_code, postal_code=self.postal_code, country=self.country_code
        )


class ManifestParty(_Pascal):
    """The shipper or the receiver of a manifest."""

    shipper_number: Text = ""
    address: Annotated[ManifestAddress, BeforeValidator(as_object)] = ManifestAddress()


class ManifestReference(_Pascal):
    """A reference number."""

    value: Text = ""


class ManifestPackage(_Pascal):
    """A parcel of a manifest."""

    tracking_number: Number = ""
    activity: Annotated[list[ViewMoment], BeforeValidator(as_list)] = []
    reference_number: Annotated[list[ManifestReference], BeforeValidator(as_list)] = []


class Manifest(_Pascal):
    """A shipment as it was announced; its parcels stay as sent."""

    shipper: Annotated[ManifestParty, BeforeValidator(as_object)] = ManifestParty()
    ship_to: Annotated[ManifestParty, BeforeValidator(as_object)] = ManifestParty()
    reference_number: Annotated[list[ManifestReference], BeforeValidator(as_list)] = []
    pickup_date: Text = ""
    scheduled_delivery_date: Text = ""
    package: Objects = []


class ViewFileContent(_Pascal):
    """A file of a subscription; its records stay as sent."""

    file_name: Text = ""
    manifest: Objects = []
    origin: Objects = []
    exception: Objects = []
    delivery: Objects = []
    generic: Objects = []


class ViewSubscription(_Pascal):
    """A subscription with its files."""

    name: Text = ""
    subscription_file: Objects = []


class ViewEvents(_Pascal):
    """What was read."""

    subscription_events: Annotated[list[ViewSubscription], BeforeValidator(as_list)] = []


class ViewError(_Pascal):
    """An error of Quantum View."""

    error_severity: Text = ""
    error_code: Text = ""
    error_description: Description = ""
    minimum_retry_seconds: Text = ""


class ViewHead(_Pascal):
    """Success or failure: HTTP says 200 for both (`ups.md` 11)."""

    response_status_code: Text = ""
    response_status_description: Description = ""
    error: Annotated[list[ViewError], BeforeValidator(as_list)] = []


class QuantumViewResponse(_Pascal):
    """The answer of Quantum View."""

    response: Annotated[ViewHead, BeforeValidator(as_object)] = ViewHead()
    quantum_view_events: Annotated[ViewEvents, BeforeValidator(as_object)] = ViewEvents()
    bookmark: Text = ""
