"""Whom the mail of an alarm reached already, and until when the others are tried; when the newest finding was found."""

from importlib import import_module

import django.contrib.postgres.fields
from django.db import migrations, models

from connector_site.lib.row_security import as_dispatch

# The function of 0007 with one more detail; its owner and who may call it stay as they are.
FUNCTIONS = import_module("syncjobs.migrations.0007_troubles").FUNCTIONS
BEFORE = FUNCTIONS[: FUNCTIONS.index("$$;") + 3].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
NOW = BEFORE.replace(
    "jsonb_build_object('findings', count(*))",
    "jsonb_build_object('findings', count(*), 'newest', max(f.found_at))",
)


def not_to() -> models.Field:
    return django.contrib.postgres.fields.ArrayField(
        base_field=models.CharField(max_length=40), blank=True, db_default=[], default=list, size=None
    )


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0007_troubles")]

    operations = [
        migrations.AddField(model_name="alarm", name="mail_not_to", field=not_to()),
        migrations.AddField(model_name="alarm", name="mail_tries_end_at", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="systemalarm", name="mail_not_to", field=not_to()),
        migrations.AddField(model_name="systemalarm", name="mail_tries_end_at", field=models.DateTimeField(null=True)),
        *as_dispatch(NOW, BEFORE),
    ]
