"""Second factors that were set up before their secrets were encrypted."""

from django.db import migrations

SEALED = {"totp": "secret", "recovery_codes": "seed"}
ENCRYPTED = "gAAAA"
"""How every Fernet token begins: version and the high bytes of the time."""


def encrypt(apps, schema_editor):
    from tenants.mfa import SecondFactors

    rows = apps.get_model("mfa", "Authenticator").objects.using(schema_editor.connection.alias)
    for row in rows.filter(type__in=SEALED).iterator():
        name = SEALED[row.type]
        if not row.data[name].startswith(ENCRYPTED):
            row.data[name] = SecondFactors().encrypt(row.data[name])
            row.save(update_fields=["data"])


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0003_people_and_going_live'),
        ('mfa', '0003_authenticator_type_uniq'),
    ]

    operations = [migrations.RunPython(encrypt, migrations.RunPython.noop)]
