"""Make a tenant and its owner from the command line."""

import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from tenants.company import NameRefused, proper_name
from tenants.founding import found_tenant
from tenants.models import User

PASSWORD_VARIABLE = "OWNER_PASSWORD"  # noqa: S105  the variable's name, not a password


class Command(BaseCommand):
    """`manage.py add_tenant "Company" owner@example.com`, with the password in OWNER_PASSWORD."""

    help = "Make a tenant and its owner. A new owner's password is read from OWNER_PASSWORD."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The company's name and the owner's address."""
        parser.add_argument("name")
        parser.add_argument("owner_email")

    def handle(self, *args: Any, name: str, owner_email: str, **options: Any) -> None:
        """Make what is missing and print the tenant's code."""
        try:
            name = proper_name(name)
        except NameRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        owner = User.objects.filter(email=owner_email.strip().lower()).first()
        if owner is None:
            password = os.environ.get(PASSWORD_VARIABLE)
            if not password:
                raise CommandError(f"{owner_email} is new: put a password for it into {PASSWORD_VARIABLE}.")
            try:
                owner = User.objects.create_user(owner_email, password)
            except ValidationError as error:
                raise CommandError(f"{owner_email} is no e-mail address: alarms would reach nobody.") from error
        self.stdout.write(str(found_tenant(name=name, owner=owner).code))
        self.stderr.write(f"The owner signs in at {settings.PUBLIC_URL} and goes on with the set-up there.")
