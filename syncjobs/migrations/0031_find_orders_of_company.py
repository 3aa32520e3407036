"""An order number is looked for among those of the company alone, by the index of 0030."""

from importlib import import_module

from django.db import migrations

from connector_site.lib.row_security import CURRENT_TENANT, as_dispatch

# The function of 0021 with one part exchanged; its owner and who may call it stay as they are.
FIND = import_module("syncjobs.migrations.0021_find_deliveries").FIND
BEFORE = FIND[: FIND.index("$$;") + 3].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
AMONG_ALL = "WHERE string_to_array(d.order_numbers, ', ') @> ARRAY[beginning]"
# Word for word the expression of the index; every number in it begins with the company's.
AMONG_OURS = f"""WHERE string_to_array(
                d.tenant_id::text || ':' || replace(d.order_numbers, ', ', ', ' || d.tenant_id::text || ':'), ', '
            ) @> ARRAY[{CURRENT_TENANT}::text || ':' || beginning]"""
NOW = BEFORE.replace(AMONG_ALL, AMONG_OURS)


class Migration(migrations.Migration):
    dependencies = [("syncjobs", "0030_orders_of_company")]

    operations = [*as_dispatch(NOW, BEFORE)]
