"""What can go wrong, in words for the person at the terminal."""


class LocalServersError(Exception):
    """A server cannot be started or stopped; the message says why and what to do."""


class ServerBinariesMissingError(LocalServersError):
    """Neither the environment, nor the wheels, nor the operating system offers a server."""


class DirectoryBusyError(LocalServersError):
    """Another run holds this directory."""
