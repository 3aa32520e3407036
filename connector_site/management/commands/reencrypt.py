"""Bring everything that is kept encrypted under the newest key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connector_site.reencryption import Count, columns, keys, reencrypt, reencrypt_factors


class Command(BaseCommand):
    """`manage.py reencrypt`, after the new key was put first in FERNET_KEYS everywhere; may be repeated at any time."""

    help = "Encrypt everything anew under the first of FERNET_KEYS and count what is still under an older key."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each column, then whether the older keys may go."""
        counts = {column.label: reencrypt(column, with_keys=keys()) for column in columns()}
        counts["mfa_authenticator.data"] = reencrypt_factors(with_keys=keys())
        for label, count in sorted(counts.items()):
            self.stdout.write(f"{label}: {count.read} read, {count.renewed} encrypted anew, {count.left} left")
            for code in count.unreadable:
                self.stdout.write(f"{label}: {code} fits none of the keys")
        self._conclude(list(counts.values()))

    def _conclude(self, counts: list[Count]) -> None:
        left = sum(count.left for count in counts)
        unreadable = sum(len(count.unreadable) for count in counts)
        self.stdout.write(f"Under an older key: {left}")
        if left:
            raise CommandError("Some values are under an older key still: run this again before you take a key away.")
        if unreadable:
            raise CommandError(f"{unreadable} values fit none of the keys; their rows are listed above.")
