"""Label recovery: does the shipment exist, and its label again (ups.md 7)."""

import base64
import io
from typing import cast

import pytest
from PIL import Image

from tests.contracts import ups_spec
from tests.sandbox.ups.bodies import REFERENCE, Json, american, changed, dutch, exported, package
from tests.sandbox.ups.conftest import Caller, Ups, code_of

ZPL: Json = {"LabelImageFormat": {"Code": "ZPL"}, "LabelStockSize": {"Height": "6", "Width": "4"}}
PDF: Json = {"LabelImageFormat": {"Code": "PDF"}}
DAY_SECONDS = 86_400


def by_reference(value: str = REFERENCE, account: str = "A1B2C3") -> Json:
    return {"ReferenceNumber": {"Value": value}, "ShipperNumber": account}


def two_parcels(caller: Caller) -> list[Json]:
    body = changed(dutch(), {"Shipment.Package": [package("1"), package("2")]})
    return cast("list[Json]", caller.shipped(body)["PackageResults"])


def labels_of(answer: Json) -> list[Json]:
    results = cast("Json", answer["LabelRecoveryResponse"])["LabelResults"]
    return cast("list[Json]", results if isinstance(results, list) else [results])


def test_requests_used_here_fit_the_specification() -> None:
    body = {
        "LabelRecoveryRequest": {
            "Request": {"SubVersion": "1903", "TransactionReference": {"CustomerContext": "again-1"}},
            "LabelSpecification": ZPL,
            "ReferenceValues": by_reference(),
        }
    }

    assert ups_spec.request_problems(ups_spec.RECOVER_LABEL, body) == []


@pytest.mark.parametrize("version", ["v1", "v1701", "v1903"])
def test_recovery_by_reference_gives_every_label_byte_for_byte(caller: Caller, version: str) -> None:
    packages = two_parcels(caller)

    answer = caller.recover(version, LabelSpecification=ZPL, ReferenceValues=by_reference())

    assert answer.status_code == 200
    assert ups_spec.answer_problems(ups_spec.RECOVER_LABEL, answer.json()) == []
    assert answer.json()["LabelRecoveryResponse"]["ShipmentIdentificationNumber"] == packages[0]["TrackingNumber"]
    assert [
        (label["TrackingNumber"], cast("Json", label["LabelImage"])["GraphicImage"])
        for label in labels_of(answer.json())
    ] == [(each["TrackingNumber"], cast("Json", each["ShippingLabel"])["GraphicImage"]) for each in packages]


def test_recovery_by_number_gives_the_shipment_or_the_one_package(caller: Caller) -> None:
    first, second = (str(each["TrackingNumber"]) for each in two_parcels(caller))

    found = [
        [label["TrackingNumber"] for label in labels_of(caller.recover(TrackingNumber=number).json())]
        for number in (first, second)
    ]

    assert found == [[first, second], [second]]


@pytest.mark.parametrize(
    ("version", "setting", "is_object"),
    [
        ("v1", "as_version", True),
        ("v1903", "as_version", False),
        ("v1", "list", False),
        ("v1903", "object", True),
    ],
)
def test_single_label_is_an_object_or_a_list_as_set(
    ups: Ups,
    caller: Caller,
    version: str,
    setting: str,
    is_object: bool,  # noqa: FBT001 - a table
) -> None:
    caller.shipped(dutch())
    ups.control("settings", {"label_results": setting})

    answer = caller.recover(version, ReferenceValues=by_reference()).json()["LabelRecoveryResponse"]

    assert isinstance(answer["LabelResults"], dict) is is_object


def test_recovered_pdf_is_real_and_its_code_in_small_letters(caller: Caller) -> None:
    caller.shipped(dutch())

    [label] = labels_of(caller.recover(LabelSpecification=PDF, ReferenceValues=by_reference()).json())

    image = cast("Json", label["LabelImage"])
    pdf = base64.b64decode(str(image["GraphicImage"]))
    assert image["LabelImageFormat"] == {"Code": "pdf"}
    assert pdf.startswith(b"%PDF-1.")
    assert b"/MediaBox" in pdf
    assert pdf.rstrip().endswith(b"%%EOF")


def test_recovered_label_is_a_gif_when_no_format_is_named(caller: Caller) -> None:
    caller.shipped(dutch())

    [label] = labels_of(caller.recover(ReferenceValues=by_reference()).json())

    picture = base64.b64decode(str(cast("Json", label["LabelImage"])["GraphicImage"]))
    assert Image.open(io.BytesIO(picture)).format == "GIF"


@pytest.mark.parametrize("version", ["v1", "v1701", "v1903"])
def test_customs_papers_come_from_version_1903_on(caller: Caller, version: str) -> None:
    caller.shipped(exported("GB"))

    answer = caller.recover(version, ReferenceValues=by_reference()).json()["LabelRecoveryResponse"]

    assert ("Form" in answer) is (version == "v1903")


def test_unknown_reference_is_not_found(caller: Caller) -> None:
    caller.shipped(dutch())

    answer = caller.recover(ReferenceValues=by_reference("something else"))

    assert (answer.status_code, code_of(answer)) == (400, "9801031")


def test_package_level_reference_is_found_too(caller: Caller) -> None:
    number = caller.shipped(american())["ShipmentIdentificationNumber"]

    answer = caller.recover(ReferenceValues=by_reference(account="X9Y8Z7")).json()["LabelRecoveryResponse"]

    assert answer["ShipmentIdentificationNumber"] == number


def test_nobody_finds_the_shipment_of_another_account(caller: Caller, stranger: Caller) -> None:
    number = caller.shipped(dutch())["ShipmentIdentificationNumber"]

    answers = [
        stranger.recover(TrackingNumber=number),
        stranger.recover(ReferenceValues=by_reference()),
        stranger.recover(ReferenceValues=by_reference(account="S1S2S3")),
        caller.recover(ReferenceValues=by_reference(account="G7H8J9")),
    ]

    assert [code_of(answer) for answer in answers] == ["9801031"] * 4


def test_voided_shipment_has_its_own_code(caller: Caller) -> None:
    number = str(caller.shipped(dutch())["ShipmentIdentificationNumber"])
    caller.void(number)

    answers = [caller.recover(TrackingNumber=number), caller.recover(ReferenceValues=by_reference())]

    assert [code_of(answer) for answer in answers] == ["9801040", "9801040"]


def test_live_shipment_is_found_beside_a_voided_one(caller: Caller) -> None:
    first, second = (str(caller.shipped(dutch())["ShipmentIdentificationNumber"]) for _ in range(2))
    caller.void(first)

    answer = caller.recover(ReferenceValues=by_reference()).json()["LabelRecoveryResponse"]

    assert answer["ShipmentIdentificationNumber"] == second


def test_several_matches_are_candidates_or_an_error(ups: Ups, caller: Caller) -> None:
    numbers = [caller.shipped(dutch())["ShipmentIdentificationNumber"] for _ in range(2)]

    answer = caller.recover(ReferenceValues=by_reference()).json()["LabelRecoveryResponse"]

    assert answer["LabelResults"] == []
    assert [candidate["TrackingNumber"] for candidate in answer["TrackingCandidate"]] == numbers
    assert ups_spec.answer_problems(ups_spec.RECOVER_LABEL, {"LabelRecoveryResponse": answer}) == []

    ups.control("settings", {"many_matches": "error"})
    assert code_of(caller.recover(ReferenceValues=by_reference())) == "300001"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"LabelSpecification": ZPL | PDF, "ReferenceValues": by_reference()}, "9801050"),
        ({"LabelSpecification": {"LabelImageFormat": {"Code": "BMP"}}, "ReferenceValues": by_reference()}, "300030"),
        ({"LabelSpecification": ZPL}, "300005"),
        ({"TrackingNumber": "1ZA1B2C36800000016", "ReferenceValues": by_reference()}, "300005"),
        ({"ReferenceValues": {"ReferenceNumber": {"Value": REFERENCE}}}, "300014"),
        ({"ReferenceValues": by_reference("x" * 36)}, "300014"),
        (
            {
                "Request": {"TransactionReference": {"CustomerContext": "four"}},
                "ReferenceValues": by_reference(),
            },
            "300005",
        ),
    ],
)
def test_wrong_question_is_refused(caller: Caller, fields: Json, code: str) -> None:
    caller.shipped(dutch())

    answer = caller.recover("v1", **fields)

    assert (answer.status_code, code_of(answer)) == (400, code)


def test_refusal_can_come_without_the_response_level(ups: Ups, caller: Caller) -> None:
    ups.control("settings", {"recovery_wrapped_errors": False})

    answer = caller.recover(ReferenceValues=by_reference())

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "9801031")


def test_shipment_is_found_only_after_the_lag(ups: Ups, caller: Caller) -> None:
    ups.control("settings", {"recovery_lag_seconds": 300})
    caller.shipped(dutch())

    assert code_of(caller.recover(ReferenceValues=by_reference())) == "9801031"

    ups.control("clock", {"advance_seconds": 301})
    assert caller.recover(ReferenceValues=by_reference()).status_code == 200


def test_label_is_kept_for_30_days(ups: Ups, caller: Caller) -> None:
    number = caller.shipped(dutch())["ShipmentIdentificationNumber"]
    ups.control("clock", {"advance_seconds": 31 * DAY_SECONDS})
    caller.token = ""

    answers = [caller.recover(TrackingNumber=number), caller.recover(ReferenceValues=by_reference())]

    assert [code_of(answer) for answer in answers] == ["300006", "9801031"]
