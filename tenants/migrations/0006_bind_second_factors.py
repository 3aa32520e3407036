"""Second factors whose encrypted secrets do not name their person yet."""

import json

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import migrations
from fernet_fields.hkdf import derive_fernet_key

SEALED = {"totp": "secret", "recovery_codes": "seed"}
FIRST_OF_AN_ENVELOPE = "{"
"""Secrets of apps are base32 and seeds are hexadecimal: neither begins so."""


def bind(apps, schema_editor):
    from connector_site.lib.sealed_text import seal_text

    keys = MultiFernet([Fernet(derive_fernet_key(key)) for key in settings.FERNET_KEYS])
    rows = apps.get_model("mfa", "Authenticator").objects.using(schema_editor.connection.alias)
    for row in rows.filter(type__in=SEALED).iterator():
        name = SEALED[row.type]
        found = keys.decrypt(row.data[name].encode()).decode()
        if found.startswith(FIRST_OF_AN_ENVELOPE):
            envelope = json.loads(found)
            if envelope["owner"] != "nobody yet":
                continue
            found = envelope["value"]
        row.data[name] = seal_text(found, owner=f"user {row.user_id}", purpose=row.type)
        row.save(update_fields=["data"])


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0005_plans_from'),
        ('mfa', '0003_authenticator_type_uniq'),
    ]

    operations = [migrations.RunPython(bind, migrations.RunPython.noop)]
