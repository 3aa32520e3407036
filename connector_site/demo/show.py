"""The demo from start to end."""

import contextlib
import time
from datetime import UTC, datetime
from pathlib import Path

from connector_site.demo.addresses import find_addresses
from connector_site.demo.configuration import Configuration, make_configuration
from connector_site.demo.customer import connect_customer
from connector_site.demo.entrance import Login
from connector_site.demo.errors import DemoFailed
from connector_site.demo.outcome import look_in_exact
from connector_site.demo.preparation import collect_static_files, start_migrations, wait_for_end
from connector_site.demo.processes import (
    start_beat,
    start_stand_ins,
    start_web,
    start_worker,
    wait_for_stand_ins,
    wait_for_web_and_worker,
)
from connector_site.demo.sandbox import Company, Sandbox
from connector_site.demo.stages import Stage, follow_shipping, follow_travel
from connector_site.lib.local_servers import running
from connector_site.lib.local_servers.processes import Child, stop, stop_all

LOOK_AFTER_SECONDS = 0.5
CODES_TOLD = 5
HOUR_SECONDS = 2.0
"""An hour between two questions about a parcel lasts as long in the demo."""


def run_demo(data_directory: Path, *, once: bool) -> None:
    """Start everything, connect a customer, ship a delivery; then serve until interrupted, unless `once`."""
    started_at = time.monotonic()
    addresses = find_addresses()
    with contextlib.ExitStack() as stack:
        say("Starting PostgreSQL and the broker, unless the environment names them")
        servers = stack.enter_context(running(data_directory, fresh=True))
        configuration = make_configuration(
            addresses=addresses, servers=servers, data_directory=data_directory, tracking_hour_seconds=HOUR_SECONDS
        )
        children = _start_all(stack, configuration)
        say(f"Everything runs after {time.monotonic() - started_at:.1f} s. Connecting a customer")
        sandbox = Sandbox(exact=addresses.exact, ups=addresses.ups)
        sandbox.let_parcels_travel()
        customer = connect_customer(configuration, sandbox)
        ship_one(configuration, sandbox, customer.company)
        if not once:
            _tell_where(configuration, customer.login)
            _look_after(children)


def say(line: str) -> None:
    print(line, flush=True)


def _start_all(stack: contextlib.ExitStack, configuration: Configuration) -> list[Child]:
    """Everything that need not wait for another loads at the same time; stopped together at the end."""

    def kept(child: Child) -> Child:
        children.append(child)
        return child

    children: list[Child] = []
    stack.callback(stop_all, children)
    say("Starting both sandboxes, migrating the database")
    for child in start_stand_ins(configuration):
        kept(child)
    migrations = start_migrations(configuration)
    stack.callback(stop, migrations)
    collect_static_files(configuration)
    say("Starting web, worker and beat")
    web, worker = kept(start_web(configuration)), kept(start_worker(configuration))
    wait_for_end(migrations)
    kept(start_beat(configuration))
    wait_for_stand_ins(configuration, children[:2])
    wait_for_web_and_worker(configuration, [web, worker])
    return children


def ship_one(configuration: Configuration, sandbox: Sandbox, company: Company) -> None:
    """Book a delivery of two parcels in Exact and follow it until it is closed, and Exact itself shows how it ended."""
    booked_at = datetime.now(tz=UTC)
    delivery = sandbox.book_delivery(company)
    database_url = configuration.servers.database_url
    say(f"Booked goods delivery {delivery.number} in Exact: two parcels")
    for stage in follow_shipping(database_url, delivery.entry_id):
        _say_stage(stage, booked_at)
    shown = sandbox.shown_delivery(company, delivery).tracking_number
    if not shown or shown != stage.tracking_number:
        raise DemoFailed(
            f"Exact shows the tracking number {shown or '(none)'}, the product wrote {stage.tracking_number}."
        )
    say(f"Exact shows tracking number {shown}")
    say("The parcels travel. UPS tells of the first by pushes; those of the second get lost, and polls must find it")
    for stage in follow_travel(database_url, delivery.entry_id):
        _say_stage(stage, booked_at)
    for line in look_in_exact(sandbox, company, delivery):
        say(line)


def _say_stage(stage: Stage, booked_at: datetime) -> None:
    told_by = f" (told by {stage.told_by})" if stage.told_by else ""
    say(f"  {(stage.reached_at - booked_at).total_seconds():6.2f} s  {stage.name}{told_by}")


def _tell_where(configuration: Configuration, login: Login) -> None:
    addresses = configuration.addresses
    say("")
    say(f"  The site       {addresses.site}   sign in as {login.email}, password {login.password}")
    say(f"  Second factor  one of these recovery codes, each once: {' '.join(login.recovery_codes[:CODES_TOLD])}")
    say(f"                 or an authenticator app with the key {login.authenticator_key}")
    say(f"  Exact sandbox  {addresses.exact}   book a goods delivery there")
    say(f"  UPS sandbox    {addresses.ups}   parcels leave by themselves and are delivered within seconds")
    say(f"  Logs           {configuration.logs_directory}")
    say(f"  Mails          {configuration.mailbox}")
    say("")
    say("Ctrl-C stops everything that was started here.")


def _look_after(children: list[Child]) -> None:
    while all(child.is_running for child in children):
        time.sleep(LOOK_AFTER_SECONDS)
    ended = next(child for child in children if not child.is_running)
    raise DemoFailed(f"{ended.name} ended by itself. The end of {ended.log_path}:\n{ended.last_log_lines()}")
