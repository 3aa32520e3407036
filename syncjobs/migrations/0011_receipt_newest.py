"""The newest message of a customer is found without looking at the others; messages come in while it is built."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("syncjobs", "0010_reencrypting")]

    operations = [
        AddIndexConcurrently(
            model_name="receipt",
            index=models.Index(fields=["tenant", "source", "-received_at"], name="receipt_newest"),
        ),
    ]
