"""The demo's browser: which forms a page shows, and what is sent when one is filled in."""

import pytest
import responses
from responses import matchers

from connector_site.demo.errors import DemoFailed
from connector_site.demo.person import Page, Person

PAGE = """
<html><head><title>Rules</title><style>p { color: red }</style></head><body>
<p>Choose a service</p>
<form method="get" action="/search?old=1"><input name="words" value="box"><button>Find</button></form>
<form method="post" action="/rules/">
  <input type="hidden" name="token" value="t1">
  <select name="service"><option value="">None</option><option value="11" selected>UPS Standard</option>
    <option value="65">UPS Saver</option></select>
  <label><input type="radio" name="unit" value="KGS" checked> Kilograms</label>
  <label><input type="radio" name="unit" value="LBS"> Pounds</label>
  <label><input type="checkbox" name="insured"> Insured</label>
  <textarea name="note">first
second</textarea>
  <button name="decision" value="save">Save</button>
</form></body></html>
"""


def shown(html: str = PAGE) -> Page:
    return Page(url="http://site.example/page?x=1", status=200, html=html)


def test_a_form_has_the_values_a_browser_would_send() -> None:
    form = shown().form_with("service")

    assert (form.method, form.action) == ("post", "/rules/")
    assert form.values == {"token": "t1", "service": "11", "unit": "KGS", "note": "first\nsecond"}
    assert form.buttons == [("decision", "save")]


def test_an_option_is_found_by_its_words() -> None:
    form = shown().form_with("service")

    assert form.choice("service", "ups saver") == "65"
    assert form.choice("unit", "pounds") == "LBS"


def test_a_missing_option_names_what_is_offered() -> None:
    with pytest.raises(DemoFailed, match="offers no Express, only: None, UPS Standard, UPS Saver"):
        shown().form_with("service").choice("service", "Express")


def test_a_page_without_the_form_is_quoted() -> None:
    with pytest.raises(DemoFailed, match=r"shows no form with password\. It says: Choose a service"):
        shown().form_with("password")


def test_the_text_of_a_page_leaves_out_head_and_style() -> None:
    assert shown("<head><title>T</title></head><body><style>p {}</style><p>One\n two</p></body>").text == "One two"


@responses.activate
def test_a_posted_form_sends_its_values_with_the_changes() -> None:
    expected = {"token": "t1", "service": "65", "unit": "KGS", "note": "first\nsecond", "decision": "save"}
    responses.post(
        "http://site.example/rules/", match=[matchers.urlencoded_params_matcher(expected)], body="<p>Saved</p>"
    )
    page = shown()

    answer = Person("http://site.example").send(page, page.form_with("service"), service="65", decision="save")

    assert answer.text == "Saved"


@responses.activate
def test_a_get_form_replaces_the_query_of_its_address() -> None:
    found = responses.get("http://site.example/search", match=[matchers.query_param_matcher({"words": "tape"})])
    page = shown()

    Person("http://site.example").send(page, page.form_with("words"), words="tape")

    assert found.call_count == 1


@responses.activate
def test_an_error_page_ends_the_demo_with_its_words() -> None:
    responses.get("http://site.example/gone", status=404, body="<h1>Not here</h1>")

    with pytest.raises(DemoFailed, match="answered 404: Not here"):
        Person("http://site.example").open("/gone")
