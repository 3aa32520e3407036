"""Finding the parcels of which UPS is still to be asked to void them, by an index that holds nothing else."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("syncjobs", "0027_deliveries_in_trouble")]

    operations = [
        AddIndexConcurrently(
            model_name="parcel",
            index=models.Index(
                fields=["void_asked_at"],
                condition=models.Q(void_asked_at__isnull=False, voided_at=None),
                name="parcel_to_void",
            ),
        ),
    ]
