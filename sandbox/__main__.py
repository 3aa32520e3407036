"""Starts one stand-in: `python -m sandbox exact --port 8701`, `python -m sandbox ups --port 8702`."""

import argparse
import sys

from sandbox.exact import server as exact
from sandbox.ups import server as ups

DEFAULT_PORTS = {"exact": 8701, "ups": 8702}


def main() -> int:
    """Read the command line and serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Stand-ins for Exact Online and UPS.")
    parser.add_argument("system", choices=sorted(DEFAULT_PORTS), help="which system to stand in for")
    parser.add_argument("--port", type=int, help="8701 for exact and 8702 for ups unless given")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    chosen = parser.parse_args()
    port = chosen.port or DEFAULT_PORTS[chosen.system]
    serve = exact.main if chosen.system == "exact" else ups.main
    return serve(host=chosen.host, port=port)


if __name__ == "__main__":
    sys.exit(main())
