"""Everything that is measured, running: servers, stand-ins, web, worker, beat, and customers with warm master data."""

import contextlib
import dataclasses
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from redis import Redis

from bench import database, standins
from bench.database import Database
from bench.errors import BenchFailed
from bench.order import Order, PushDoor, read_doors
from bench.shape import Shape
from bench.standins import Company, StandIn
from bench.usage import Part
from connector_site.demo.addresses import HOST, Addresses
from connector_site.demo.configuration import Configuration, make_configuration
from connector_site.demo.preparation import collect_static_files, start_migrations, wait_for_end
from connector_site.demo.processes import (
    start_beat,
    start_stand_ins,
    start_web,
    start_worker,
    wait_for_stand_ins,
    wait_for_web_and_worker,
)
from connector_site.lib.local_servers import ServerUrls, running
from connector_site.lib.local_servers.processes import Child, dying_with_parent, stop, stop_all

CHECKOUT = Path(__file__).resolve().parent.parent
SETTLE_SECONDS = 30
WEB_PROCESSES = "2"
"""As the Procfile has them; the server of the site reads this from its environment."""
PRODUCT_PARTS = ("web", "worker", "beat")
PARTS = ("Exact stand-in", "UPS stand-in", *PRODUCT_PARTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The running system."""

    configuration: Configuration
    exact: StandIn
    ups: StandIn
    database: Database
    companies: tuple[Company, ...]
    push_doors: tuple[PushDoor, ...]
    parts: tuple[Part, ...]

    @property
    def product(self) -> tuple[Part, ...]:
        """Web, worker and beat."""
        return tuple(part for part in self.parts if part.name in PRODUCT_PARTS)

    def forget(self) -> None:
        """Empty the call logs and start counting statements anew."""
        self.exact.forget_calls()
        self.ups.forget_calls()
        if self.database.counts_statements:
            self.database.forget_statements()


@contextmanager
def prepared(
    data_directory: Path, shape: Shape, *, environment: Mapping[str, str] | None = None, lifts_limits: bool = True
) -> Iterator[Ground]:
    """The system for the length of the block, with nothing in it but connected customers.

    `environment` is told to every process besides the usual; Exact's own limits stay unless they are lifted.
    """
    with contextlib.ExitStack() as stack:
        say("Starting PostgreSQL and the broker")
        servers = stack.enter_context(_servers(data_directory))
        addresses = _free_addresses()
        made = make_configuration(addresses=addresses, servers=servers, data_directory=data_directory)
        told = {"WEB_CONCURRENCY": WEB_PROCESSES, **(environment or {})}
        configuration = dataclasses.replace(made, environment=made.environment | told)
        children = _start_all(stack, configuration)
        exact, ups = StandIn(address=addresses.exact), StandIn(address=addresses.ups)
        opened = stack.enter_context(database.opened(servers.database_url))
        opened.count_statements()
        if lifts_limits:
            standins.lift_limits(exact, ups)
        companies, push_doors = _connect(configuration, exact, ups, shape.tenants)
        yield Ground(
            configuration=configuration,
            exact=exact,
            ups=ups,
            database=opened,
            companies=companies,
            push_doors=push_doors,
            parts=(*_parts(children), *_server_parts(servers, opened)),
        )


def _start_all(stack: contextlib.ExitStack, configuration: Configuration) -> list[Child]:
    """Both stand-ins, web, worker and beat, as the demo starts them, in the order of `PARTS`."""
    children: list[Child] = []
    stack.callback(stop_all, children)
    children += start_stand_ins(configuration)
    migrations = start_migrations(configuration)
    stack.callback(stop, migrations)
    collect_static_files(configuration)
    wait_for_end(migrations)
    product = [start(configuration) for start in (start_web, start_worker, start_beat)]
    children += product
    wait_for_stand_ins(configuration, children[:2])
    wait_for_web_and_worker(configuration, product[:2])
    return children


def _free_addresses() -> Addresses:
    """Ports that nobody uses, whichever: several runs at once must not take each other's."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server((HOST, 0))) for _ in range(3)]
        web, exact, ups = (probe.getsockname()[1] for probe in probes)
    return Addresses(web_port=web, exact_port=exact, ups_port=ups)


def say(line: str) -> None:
    """A line for the person at the terminal."""
    print(line, flush=True)


@contextmanager
def _servers(data_directory: Path) -> Iterator[ServerUrls]:
    """Both servers, empty; a PostgreSQL of ours counts statements, for which it is started a second time once."""
    with running(data_directory, fresh=True) as servers:
        again = servers.database_is_ours and database.ask_to_preload(servers.database_url)
        if not again:
            yield servers
            return
    with running(data_directory, fresh=True) as servers:
        yield servers


def _connect(
    configuration: Configuration, exact: StandIn, ups: StandIn, tenants: int
) -> tuple[tuple[Company, ...], tuple[PushDoor, ...]]:
    """So many customers, each with a company and a UPS account of its own."""
    started_at = time.monotonic()
    standins.consent_at_once(exact)
    companies = tuple(standins.found_company(exact) for _ in range(tenants))
    connecting = subprocess.run(
        [sys.executable, "-m", "bench.inside", "bench.customers"],
        input=Order(exact=exact, ups=ups, companies=companies).as_text(),
        text=True,
        capture_output=True,
        check=False,
        cwd=CHECKOUT,
        env=configuration.environment,
        preexec_fn=dying_with_parent(signal.SIGTERM),
    )
    if connecting.returncode != 0:
        raise BenchFailed(f"The customers could not be connected:\n{connecting.stderr[-3000:]}")
    _wait_for_subscriptions(exact, companies)
    say(f"  {tenants} customers connected ({time.monotonic() - started_at:.1f} s)")
    return companies, read_doors(connecting.stdout)


def _wait_for_subscriptions(exact: StandIn, companies: tuple[Company, ...]) -> None:
    deadline = time.monotonic() + SETTLE_SECONDS
    wanted = {company.division for company in companies}
    while missing := wanted - set(standins.callback_urls(exact)):
        if time.monotonic() > deadline:
            raise BenchFailed(f"Exact did not check the webhook address of {len(missing)} companies.")
        time.sleep(database.POLL_SECONDS)


def _parts(children: list[Child]) -> list[Part]:
    return [Part(name=name, process_id=child.process.pid) for name, child in zip(PARTS, children, strict=True)]


def _server_parts(servers: ServerUrls, opened: Database) -> list[Part]:
    """Servers that were started here; others may run on another machine."""
    parts = []
    if servers.database_is_ours:
        postmaster = psutil.Process(opened.server_process_id).ppid()
        parts.append(Part(name="PostgreSQL", process_id=postmaster))
    if servers.broker_is_ours:
        broker = Redis.from_url(servers.redis_url.replace("redis+socket://", "unix://"))
        parts.append(Part(name="broker", process_id=int(broker.info("server")["process_id"])))
    return parts
