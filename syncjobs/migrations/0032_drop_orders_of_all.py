"""Nothing uses the index any more that held the order numbers of all companies together."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("syncjobs", "0031_find_orders_of_company")]

    operations = [RemoveIndexConcurrently(model_name="delivery", name="delivery_orders")]
