"""Deliveries whose parcels went astray are found without looking at all; others are read and written meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("syncjobs", "0015_begin")]

    operations = [
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                fields=["tenant", "-created_at"],
                condition=models.Q(milestone__in=["exception", "returned_to_sender", "unknown"]),
                name="delivery_exceptions",
            ),
        ),
    ]
