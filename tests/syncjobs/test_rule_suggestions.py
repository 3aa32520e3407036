"""A suggestion is made where the name of a shipping method leaves no doubt, and nowhere else."""

import pytest

from syncjobs.setup.rule_suggestions import NOT_UPS, suggested_service
from ups.services import offered_services


@pytest.mark.parametrize(
    ("code", "description", "country", "service"),
    [
        ("UPSSTD", "UPS Standard", "NL", "11"),
        ("UPSSTD", "", "NL", "11"),
        ("01", "UPS Express Saver", "NL", "65"),
        ("01", "UPS Express Plus (before 9:00)", "NL", "54"),
        ("01", "UPS Express", "NL", "07"),
        ("UPS-EXP", "Spoed", "NL", "07"),
        ("01", "ups ground", "US", "03"),
        ("01", "UPS Express 12:00", "DE", "74"),
        ("01", "UPS Access Point Economy", "FR", "70"),
    ],
)
def test_a_name_that_tells_the_service(code: str, description: str, country: str, service: str) -> None:
    assert suggested_service(code, description, offered_services(country)) == service


@pytest.mark.parametrize(
    "description", ["PostNL Standard", "DHL Express", "Abholung", "Customer picks up", "Enlèvement", "Afhalen magazijn"]
)
def test_another_carrier_and_fetching_are_not_ups(description: str) -> None:
    assert suggested_service("01", description, offered_services("NL")) == NOT_UPS


@pytest.mark.parametrize("description", ["Standard", "Express", "UPS", "UPS Ground", "Groupstandard", ""])
def test_a_name_that_leaves_doubt_suggests_nothing(description: str) -> None:
    assert suggested_service("01", description, offered_services("NL")) is None
