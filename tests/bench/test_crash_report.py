"""The table of `make crash`: what makes it fail."""

from bench.crash.others import read_results
from bench.crash.report import Promise, print_table

CASES = '<testsuites><testsuite><testcase name="a"/><testcase name="b">{}</testcase></testsuite></testsuites>'


def test_a_matrix_is_kept_only_when_every_case_ran_and_passed() -> None:
    passed = read_results(CASES.format(""), is_complete=True)
    failed = read_results(CASES.format("<failure/>"), is_complete=False)
    cut_off = read_results(CASES.format(""), is_complete=False)
    empty = read_results("<testsuites/>", is_complete=True)

    assert (passed.is_kept, passed.measured) == (True, "2 cases, 0 failed")
    assert (failed.is_kept, failed.examples) == (False, ("b",))
    assert (cut_off.is_kept, empty.is_kept) == (False, False)


def test_a_broken_promise_is_printed_with_examples_and_a_kept_one_without() -> None:
    lines: list[str] = []

    print_table(
        [
            Promise(measure="Lost", measured="1", is_kept=False, examples=("d-1",)),
            Promise(measure="Twice", measured="0", is_kept=True, examples=()),
            Promise(measure="Kills", measured="300"),
        ],
        lines.append,
    )

    assert lines == ["Lost   FAIL  1", "             d-1", "Twice  ok    0", "Kills        300"]
