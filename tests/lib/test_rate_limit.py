"""Whoever asks too often waits, and only he; without Redis everybody is still served."""

import socket

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from connector_site.lib import rate_limit
from connector_site.lib.rate_limit import Rule, client_address, seconds_to_wait
from connector_site.lib.references import new_code

pytestmark = pytest.mark.database


@pytest.fixture(autouse=True)
def _fresh(settings: Settings) -> None:
    settings.PROXY_COUNT = 0
    rate_limit.forget()


def make_rule(*, requests: int = 3) -> Rule:
    return Rule(name=f"test-{new_code()}", requests=requests, seconds=60)


def test_the_first_ones_pass_and_the_next_is_told_how_long_to_wait() -> None:
    rule = make_rule(requests=3)

    answers = [seconds_to_wait(rule, "192.0.2.1") for _ in range(4)]

    assert answers[:3] == [0, 0, 0]
    assert 1 <= answers[3] <= 60


def test_one_who_asks_too_often_stops_nobody_else_and_nothing_else() -> None:
    rule, other_rule = make_rule(requests=1), make_rule(requests=1)
    seconds_to_wait(rule, "192.0.2.1")

    assert seconds_to_wait(rule, "192.0.2.1") > 0
    assert seconds_to_wait(rule, "192.0.2.2") == 0
    assert seconds_to_wait(other_rule, "192.0.2.1") == 0


def test_the_count_is_shared_by_all_processes() -> None:
    rule = make_rule(requests=1)
    seconds_to_wait(rule, "192.0.2.1")
    rate_limit.forget()

    assert seconds_to_wait(rule, "192.0.2.1") > 0


def test_without_redis_requests_pass_and_are_counted_in_the_process(settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/at/all.sock"
    rule = make_rule(requests=2)

    answers = [seconds_to_wait(rule, "192.0.2.1") for _ in range(3)]

    assert answers[:2] == [0, 0]
    assert answers[2] > 0


def test_a_redis_that_failed_is_left_alone_for_a_while(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = "unix:///nowhere/at/all.sock"
    rule = make_rule()
    seconds_to_wait(rule, "192.0.2.1")
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("Redis was asked again"))

    assert seconds_to_wait(rule, "192.0.2.1") == 0


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        (0, "", "192.0.2.9"),
        (0, "203.0.113.5", "192.0.2.9"),
        (1, "203.0.113.5", "203.0.113.5"),
        (1, "198.51.100.1, 203.0.113.5", "203.0.113.5"),
        (2, "198.51.100.1, 203.0.113.5, 10.0.0.1", "203.0.113.5"),
        (3, "203.0.113.5", "192.0.2.9"),
        (1, "not an address", "192.0.2.9"),
        (1, "", "192.0.2.9"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "::ffff:203.0.113.5", "203.0.113.5"),
    ],
)
def test_the_address_is_the_one_our_own_proxy_saw(settings: Settings, proxies: int, forwarded: str, seen: str) -> None:
    settings.PROXY_COUNT = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR="192.0.2.9")

    assert client_address(request) == seen
