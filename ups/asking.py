"""Calls on behalf of one account: each with a token, which is replaced once when UPS refuses it."""

from typing import Protocol

import requests

from connector_site.lib.http import AnswerLost, NeverSent, Reply, Timeouts
from connector_site.lib.outside_calls import Observer
from connector_site.lib.secrets import Secret
from connector_site.lib.wording import said
from ups.errors import UpsAccountBlocked, UpsError, UpsUnavailable
from ups.transport import Call, Wire
from ups.verdicts import UNAUTHORIZED, is_success, product_missing, read_error, refused_token


class TokenSource(Protocol):
    """Where a client gets its token, and tells what became of it."""

    def token(self) -> Secret:
        """A token to use now."""

    def drop(self, token: Secret) -> None:
        """Never hand out this token again: it was refused."""

    def stop(self, reason: str) -> None:
        """UPS does not want this account's calls: no more tokens until a person has looked at it."""


class Asker:
    """What every client of an account has in common; which call means what is theirs to know."""

    def __init__(
        self,
        session: requests.Session,
        token_source: TokenSource,
        *,
        base_url: str,
        observe: Observer,
        timeouts: Timeouts,
    ) -> None:
        self._session = session
        self._tokens = token_source
        self._wire = Wire(base_url=base_url, observe=observe)
        self._timeouts = timeouts

    def token(self) -> Secret:
        """A token to use now."""
        return self._tokens.token()

    def send(self, session: requests.Session, call: Call, token: Secret) -> Reply:
        """Send once, on this session. Raises `NeverSent` or `AnswerLost`; every status is an answer."""
        return self._wire.send(session, call, authorization=f"Bearer {token.reveal()}", timeouts=self._timeouts)

    def ask(self, call: Call) -> Reply:
        """Send a call that may be repeated; a refused token is replaced once, and refused again stops the account."""
        token = self._tokens.token()
        reply = self._send_again_safe(call, token)
        return self.ask_renewed(call, refused=token) if reply.status == UNAUTHORIZED else reply

    def ask_renewed(self, call: Call, *, refused: Secret) -> Reply:
        """Send with a new token in place of the refused one.

        Refused again, each further try would cost a token call, so none is made: the account is stopped.
        """
        self._tokens.drop(refused)
        reply = self._send_again_safe(call, self._tokens.token())
        if reply.status == UNAUTHORIZED:
            error = refused_token(call.operation, reply)
            self._tokens.stop(error.message)
            raise error
        return reply

    def ask_beside(self, call: Call, *, witness: Call | None) -> Reply:
        """Send a repeatable call to an API that the account can ship without: its refusals never stop the account.

        UPS answers 401 both to a bad token and to an app without the API product. `witness`, a call to an API that
        the app has, tells them apart, so that a missing product costs none of the few token calls of a day. No witness
        is needed for a token that UPS has given out just now.
        """
        token = self._tokens.token()
        reply = self._send_again_safe(call, token)
        if reply.status != UNAUTHORIZED:
            return reply
        if witness is None or self._is_good(token, witness):
            raise product_missing(call.operation, reply)
        self._tokens.drop(token)
        again = self._send_again_safe(call, self._tokens.token())
        if again.status == UNAUTHORIZED:
            raise refused_token(call.operation, again)
        return again

    def stopping(self, error: UpsError) -> UpsError:
        """The error, once the account is stopped if UPS does not want its calls any more."""
        if isinstance(error, UpsAccountBlocked):
            self._tokens.stop(error.message)
        return error

    def _is_good(self, token: Secret, witness: Call) -> bool:
        """Whether UPS takes this token elsewhere; raises `UpsUnavailable` when that cannot be found out now."""
        reply = self._send_again_safe(witness, token)
        if reply.status == UNAUTHORIZED:
            return False
        error = None if is_success(reply) else read_error(witness.operation, reply)
        if isinstance(error, UpsUnavailable):
            raise error
        return True

    def _send_again_safe(self, call: Call, token: Secret) -> Reply:
        try:
            return self.send(self._session, call, token)
        except (NeverSent, AnswerLost) as error:
            raise UpsUnavailable(said("UPS cannot be reached at the moment."), operation=call.operation) from error
