"""Services by origin."""

import pytest

from ups.services import find_service, offered_services, service_name


@pytest.mark.parametrize(
    ("origin", "code", "name"),
    [
        ("NL", "11", "UPS Standard"),
        ("NL", "65", "UPS Express Saver"),
        ("US", "65", "UPS Worldwide Saver"),
        ("US", "03", "UPS Ground"),
        ("CA", "01", "UPS Express"),
        ("DE", "74", "UPS Express 12:00"),
        ("NL", "99", "UPS service 99"),
    ],
)
def test_the_same_code_has_another_name_elsewhere(origin: str, code: str, name: str) -> None:
    assert service_name(origin, code) == name


@pytest.mark.parametrize("origin", ["NL", "BE", "FR", "ES", "IT", "GB"])
def test_europe_is_offered_the_six_usual_services(origin: str) -> None:
    assert {service.code for service in offered_services(origin)} == {"11", "07", "65", "08", "54", "70"}


def test_germany_is_offered_its_own_noon_service() -> None:
    assert "74" in {service.code for service in offered_services("DE")}


def test_service_of_another_origin_is_not_found() -> None:
    assert find_service("NL", "03") is None
