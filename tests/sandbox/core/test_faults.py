"""The fault script by itself."""

import pytest

from sandbox.core.faults import FaultScript, InvalidFaultError


def taken(script: FaultScript, *, path: str = "/ship", operation: str = "ship", method: str = "POST") -> str | None:
    fault = script.take(method=method, path=path, operation=operation)
    return fault.action.value if fault else None


def test_fault_hits_once_after_the_calls_it_skips() -> None:
    script = FaultScript()
    script.add({"action": "reset_after", "operation": "ship", "skip": 2})

    assert [taken(script) for _ in range(4)] == [None, None, "reset_after", None]
    assert script.waiting() == []


def test_fault_without_end_stays_until_taken_back() -> None:
    script = FaultScript()
    fault = script.add({"action": "status", "times": None})

    assert [taken(script) for _ in range(3)] == ["status", "status", "status"]
    assert script.remove(fault.id) is True
    assert script.remove(fault.id) is False
    assert taken(script) is None


@pytest.mark.parametrize(
    ("order", "hits"),
    [
        ({"operation": "void"}, False),
        ({"operation": "ship"}, True),
        ({"method": "get"}, False),
        ({"method": "post"}, True),
        ({"path_regex": "^/label"}, False),
        ({"path_regex": "^/sh"}, True),
        ({"path_regex": "^/sh", "method": "DELETE"}, False),
    ],
)
def test_fault_hits_only_what_it_is_about(order: dict[str, object], hits: bool) -> None:  # noqa: FBT001 - a table
    script = FaultScript()
    script.add({"action": "html_200", **order})

    assert (taken(script) == "html_200") is hits


def test_faults_take_turns_in_the_order_given() -> None:
    script = FaultScript()
    script.add({"action": "reset_before"})
    script.add({"action": "html_200"})

    assert [taken(script) for _ in range(3)] == ["reset_before", "html_200", None]


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"action": "explode"}, "action must be one of"),
        ({"action": "status", "colour": "red"}, "Unknown field in a fault: colour"),
        ({"action": "status", "times": "two"}, "times must be a number"),
        ({"action": "status", "skip": -1}, "skip must be a number"),
        ({"action": "status", "operation": 7}, "operation must be text"),
        ({"action": "status", "path_regex": "("}, "path_regex is not a regular expression"),
        ({"action": "status", "headers": "none"}, "headers must be an object"),
    ],
)
def test_unclear_order_is_refused_and_nothing_waits(order: dict[str, object], message: str) -> None:
    script = FaultScript()

    with pytest.raises(InvalidFaultError, match=message):
        script.add(order)

    assert script.waiting() == []
