"""PostgreSQL and a Redis-protocol server for development, tests and the demo, with nothing installed beforehand.

`running()` starts what the environment does not already name and stops exactly that again. The servers are children
of this process and die with it, also when it is killed.
"""

from connector_site.lib.local_servers.errors import LocalServersError
from connector_site.lib.local_servers.supervisor import DATABASE_NAME, ServerUrls, running

__all__ = ["DATABASE_NAME", "LocalServersError", "ServerUrls", "running"]
