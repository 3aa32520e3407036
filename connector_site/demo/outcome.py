"""What stands in Exact at the end, and what the receiver sees."""

import re
from collections.abc import Iterator

from connector_site.demo.errors import DemoFailed
from connector_site.demo.person import Person
from connector_site.demo.sandbox import BookedDelivery, Company, Sandbox

OUR_LINE = re.compile(r"^\[UPS\] .+ \| (?P<page>https?://\S+)$", re.MULTILINE)


def look_in_exact(sandbox: Sandbox, company: Company, delivery: BookedDelivery) -> Iterator[str]:
    """A line about each thing that we wrote there; raises when one is missing."""
    shown = sandbox.shown_delivery(company, delivery)
    line = OUR_LINE.search(shown.remarks)
    if line is None:
        raise DemoFailed(f"The remarks in Exact hold no line of ours: {shown.remarks or '(empty)'}")
    if not shown.document_id:
        raise DemoFailed("No document is linked to the goods delivery in Exact.")
    document = sandbox.shown_document(company, shown.document_id)
    if not document.files:
        raise DemoFailed(f"The document {document.subject} in Exact has no file.")
    yield f"Exact shows in the remarks: {line[0]}"
    yield f"Exact shows the document: {document.subject}"
    for name, size in document.files:
        yield f"  with the file {name}, {size / 1000:.0f} kB"
    page = Person(line["page"]).open(line["page"])
    if shown.tracking_number not in page.text:
        raise DemoFailed(f"The receiver's page does not show the parcel {shown.tracking_number}: {page.text}")
    yield f"The receiver's page: {line['page']}"
