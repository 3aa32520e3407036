"""Deliveries are found by an order number of their own company: others have orders of the same number."""

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Cast

_TEXT = models.TextField()
_COMPANY, _COLON, _BETWEEN = Cast("tenant", _TEXT), models.Value(":", _TEXT), models.Value(", ", _TEXT)
_JOINED: dict[str, Any] = {"template": "(%(expressions)s)", "arg_joiner": " || ", "output_field": _TEXT}
_BETWEEN_OURS = models.Func(_BETWEEN, _COMPANY, _COLON, **_JOINED)
_NUMBERS = models.Func("order_numbers", _BETWEEN, _BETWEEN_OURS, function="replace", output_field=_TEXT)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("syncjobs", "0029_voids_come_back")]

    operations = [
        AddIndexConcurrently(
            model_name="delivery",
            index=GinIndex(
                models.Func(models.Func(_COMPANY, _COLON, _NUMBERS, **_JOINED), _BETWEEN, function="string_to_array"),
                name="delivery_orders_of_company",
            ),
        ),
    ]
